builtins.genericClosure { startSet = [ { key = { }; } { key = { a = 1; }; } ]; operator = x: [ ]; }
