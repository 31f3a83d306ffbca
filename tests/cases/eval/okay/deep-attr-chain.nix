(builtins.foldl' (a: n: { next = a; inherit n; }) null (builtins.genList (x: x) 50000)).n
