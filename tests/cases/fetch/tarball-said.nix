builtins.fetchTree { type = "tarball"; url = "file://@/one.tar.gz"; rev = "0123456789012345678901234567890123456789"; lastModified = 3; revCount = 5; }
