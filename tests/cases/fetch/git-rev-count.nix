builtins.fetchGit { url = "@/main"; revCount = 99; }
