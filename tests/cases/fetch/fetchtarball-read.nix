let s = builtins.fetchTarball "file://@/one.tar.gz"; in [ (builtins.readDir s) (builtins.readFile "${s}/link") (builtins.getContext s) ]
