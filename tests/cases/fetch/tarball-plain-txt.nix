builtins.fetchTree { type = "tarball"; url = "file://@/plain.txt"; }
