builtins.foldl' (a: n: a // { ${toString n} = n; }) { x = 0; } (builtins.genList (n: n) 30)
