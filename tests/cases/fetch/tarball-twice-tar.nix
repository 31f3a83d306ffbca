builtins.fetchTree { type = "tarball"; url = "file://@/twice.tar"; }
