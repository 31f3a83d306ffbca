builtins.any (throw "x") []
