builtins.fetchGit @/nosuch
