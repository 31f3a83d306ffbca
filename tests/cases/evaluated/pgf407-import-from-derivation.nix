{ openssl }:
old: { makeFlags = old.makeFlags ++ [ (builtins.readFile "${openssl}/version") ]; }
