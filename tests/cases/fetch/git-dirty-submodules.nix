builtins.fetchGit { url = "@/dirty"; submodules = true; }
