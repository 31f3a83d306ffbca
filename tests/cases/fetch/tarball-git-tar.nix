builtins.fetchTree { type = "tarball"; url = "file://@/git.tar"; }
