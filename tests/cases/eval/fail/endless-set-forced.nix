let f = n: { a = f (n + 1); }; in builtins.deepSeq (f 0) 1
