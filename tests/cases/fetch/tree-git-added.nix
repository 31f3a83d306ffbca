builtins.fetchTree "git+file://@/added"
