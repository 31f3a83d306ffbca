builtins.fetchGit { url = "@/main"; other = 1; }
