builtins.fetchGit @/none
