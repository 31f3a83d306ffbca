builtins.fetchTree "file://@/one.tar.gz"
