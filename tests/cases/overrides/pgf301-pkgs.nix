pkgs: old: { buildInputs = old.buildInputs ++ [ pkgs.openssl ]; }
