builtins.fetchTree { type = "tarball"; url = "file://@/one.tar.gz"; narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; }
