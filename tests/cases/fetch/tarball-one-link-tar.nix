builtins.fetchTree { type = "tarball"; url = "file://@/one-link.tar"; }
