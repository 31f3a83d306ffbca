(builtins.foldl' (a: n: a // { k = n; ${toString n} = n; }) { k = -1; } (builtins.genList (n: n) 20)).k
