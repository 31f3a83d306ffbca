builtins.fetchTree { type = "tarball"; url = "file://@/folder"; }
