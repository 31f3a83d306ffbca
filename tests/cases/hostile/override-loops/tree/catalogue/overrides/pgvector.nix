{ lib }: old: { env = { A = toString (builtins.foldl' (a: b: a + b) 0 (builtins.concatMap (x: builtins.genList (y: x * y) 1000000) (builtins.genList (x: x) 1000000))); }.A + lib.concatStrings [ ]; }
