builtins.fromTOML "a=1\na.b=2"
