builtins.fetchTarball { url = "file://@/one.tar.gz"; sha256 = ""; }
