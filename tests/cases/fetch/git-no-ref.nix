builtins.fetchGit { url = "@/main"; ref = "nosuch"; }
