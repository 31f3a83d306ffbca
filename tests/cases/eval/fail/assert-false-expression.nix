assert builtins.isInt "x" && true; 1
