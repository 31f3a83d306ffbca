builtins.fetchGit { url = "@/main"; ref = "other"; }
