builtins.fetchTree { type = "tarball"; url = "file://@/one-file.tar"; }
