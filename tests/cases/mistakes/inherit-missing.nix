let pkgs = { a = 1; }; in { inherit (pkgs) a b; }.b
