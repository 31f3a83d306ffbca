builtins.fetchTree { type = "tarball"; url = "file://@/pax.tar"; }
