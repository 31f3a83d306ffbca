builtins.sort (a: b: a - (a / 3) * 3 > b) (builtins.genList (i: i * 7 - (i * 7 / 11) * 11) 60)
