builtins.fromTOML "a = 25:00:00"
