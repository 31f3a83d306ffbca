builtins.foldl' (a: b: b) (throw "x") [ 1 2 ]
