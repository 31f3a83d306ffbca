builtins.fetchTree { type = "tarball"; url = "file://@/one.zip"; }
