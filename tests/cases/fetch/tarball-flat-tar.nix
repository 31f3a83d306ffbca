builtins.fetchTree { type = "tarball"; url = "file://@/flat.tar"; }
