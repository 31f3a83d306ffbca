builtins.fetchGit { url = "@/main"; shallow = true; }
