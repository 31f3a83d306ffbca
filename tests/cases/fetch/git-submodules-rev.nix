builtins.fetchGit { url = "@/main"; submodules = true; ref = "main"; }
