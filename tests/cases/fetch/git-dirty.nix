builtins.fetchGit @/dirty
