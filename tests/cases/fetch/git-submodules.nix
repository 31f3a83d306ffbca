builtins.fetchGit { url = "@/main"; submodules = true; }
