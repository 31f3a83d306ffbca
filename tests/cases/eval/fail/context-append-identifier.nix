builtins.appendContext "a" { x = { path = true; }; }
