builtins.fetchGit @/folder
