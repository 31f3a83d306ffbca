builtins.fetchGit { url = "@/main/mods/sub"; submodules = true; }
