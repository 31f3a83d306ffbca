builtins.fetchGit { url = "@/main"; submodules = null; }
