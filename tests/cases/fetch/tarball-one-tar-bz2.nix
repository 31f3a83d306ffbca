builtins.fetchTree { type = "tarball"; url = "file://@/one.tar.bz2"; }
