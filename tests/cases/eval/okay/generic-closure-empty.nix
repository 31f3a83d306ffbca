builtins.genericClosure { startSet = []; operator = throw "x"; }
