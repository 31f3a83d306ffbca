builtins.fetchGit { url = "@/main"; submodules = 1; }
