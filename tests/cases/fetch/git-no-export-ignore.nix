builtins.fetchGit { url = "@/main"; exportIgnore = false; }
