builtins.fetchGit @/added
