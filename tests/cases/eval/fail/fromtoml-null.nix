builtins.fromTOML "a = null"
