builtins.fetchTree { type = "tarball"; url = "file://@/names-out.tar"; }
