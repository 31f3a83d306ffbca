builtins.fetchGit { url = "@/main"; ref = "refs/heads/other"; }
