builtins.fetchGit { url = "@/main"; ref = "-x"; }
