builtins.fetchTree { type = "tarball"; url = "file://@/hard-link.tar"; }
