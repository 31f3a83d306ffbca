builtins.genericClosure { startSet = [ { key = true; } ]; operator = x: [ ]; }
