builtins.fetchTree "git+file://@/main"
