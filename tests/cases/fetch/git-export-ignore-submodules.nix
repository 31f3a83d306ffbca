builtins.fetchGit { url = "@/main"; exportIgnore = true; submodules = true; }
