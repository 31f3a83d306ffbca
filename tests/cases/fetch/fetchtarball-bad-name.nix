builtins.fetchTarball { url = "file://@/one.tar.gz"; name = "a b"; }
