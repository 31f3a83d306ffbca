builtins.fetchTree "path:x"
