builtins.fetchTree { type = "tarball"; url = "file://@/no-time.tar"; }
