builtins.convertHash { hash = "sha256:d41d8cd98f00b204e9800998ecf8427ed41d8cd98f00b204e9800998ecf8427x"; toHashFormat = "base16"; }
