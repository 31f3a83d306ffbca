builtins.convertHash { hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!="; toHashFormat = "base16"; }
