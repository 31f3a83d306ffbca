builtins.fetchTree { type = "git"; url = "file://@/main"; }
