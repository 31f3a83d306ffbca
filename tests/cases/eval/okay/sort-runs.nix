builtins.sort (a: b: a < b) (builtins.genList (x: x) 20 ++ builtins.genList (x: 20 - x) 20 ++ [ 5 5.0 3 ] ++ builtins.genList (x: x / 2) 30)
