builtins.fetchTree { type = "tarball"; url = "file://@/one.tar.xz"; }
