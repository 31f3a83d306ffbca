builtins.fromTOML "a = 12:00"
