builtins.fetchTree { type = "path"; path = "@/plain.txt"; narHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; }
