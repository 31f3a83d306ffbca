builtins.fetchTree { type = "tarball"; url = "file://@/one.tar.gz"; name = "x"; }
