builtins.builtins.true
