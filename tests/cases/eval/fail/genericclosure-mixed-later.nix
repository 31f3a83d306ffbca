builtins.genericClosure { startSet = map (key: { inherit key; }) [ 5 3 8 1 4 7 9 2 6 0 ]; operator = x: if x.key == 0 then [ { key = "a"; } ] else [ ]; }
