builtins.attrNames (builtins.mapAttrs (throw "x") { a = 1; })
