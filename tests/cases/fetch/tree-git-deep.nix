builtins.fetchTree { type = "git"; url = "file://@/main"; shallow = false; exportIgnore = true; ref = "other"; }
