builtins.fetchGit { url = "@/cloned"; submodules = true; ref = "main"; }
