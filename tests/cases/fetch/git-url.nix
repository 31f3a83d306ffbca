builtins.fetchGit "git+file://@/main"
