builtins.fromTOML "a = 1979-02-30"
