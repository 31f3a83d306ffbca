builtins.fromTOML "[a] b"
