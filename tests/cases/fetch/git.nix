builtins.fetchGit @/main
