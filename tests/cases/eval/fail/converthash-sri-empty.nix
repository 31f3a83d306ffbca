builtins.convertHash { hash = "sha256-"; toHashFormat = "base16"; }
