builtins.fromTOML "ü = 1"
