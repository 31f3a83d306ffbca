builtins.fetchTree { type = "tarball"; url = "file://@/nosuch"; }
