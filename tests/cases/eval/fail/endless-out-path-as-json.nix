let a = { outPath = a; }; in builtins.toJSON a
