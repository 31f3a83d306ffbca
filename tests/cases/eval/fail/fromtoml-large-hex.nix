builtins.fromTOML "a = 0x8000000000000000"
