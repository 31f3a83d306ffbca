builtins.convertHash { hash = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!A="; toHashFormat = "base16"; }
