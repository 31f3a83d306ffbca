builtins.fetchTree { type = "tarball"; url = "file://@/empty-folder.tar"; }
