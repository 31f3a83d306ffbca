builtins.fetchTarball "file://@/one.tar.gz"
