builtins.genericClosure { startSet = [ { key = "a"; } ]; operator = x: [ { key = "b"; } ]; }
