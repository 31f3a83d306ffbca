builtins.fetchGit { url = "@/main"; lfs = true; ref = "main"; }
