builtins.foldl' (throw "f") 1 []
