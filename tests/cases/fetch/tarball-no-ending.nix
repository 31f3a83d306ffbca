builtins.fetchTree { type = "tarball"; url = "file://@/no-ending"; }
