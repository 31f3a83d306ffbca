builtins.fetchTree "git+file://@/dirty?submodules=1"
