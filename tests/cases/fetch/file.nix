builtins.fetchTree { type = "file"; url = "file://@/one.tar.gz"; }
