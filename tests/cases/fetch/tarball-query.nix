builtins.fetchTree "file://@/one.tar.gz?dir=sub&x=y"
