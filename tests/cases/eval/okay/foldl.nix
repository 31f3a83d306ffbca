builtins.foldl' (a: b: a * 10 + b) 0 [ 1 2 3 ]
