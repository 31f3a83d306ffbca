builtins.fetchTree "git+file://@/main?submodules=1"
