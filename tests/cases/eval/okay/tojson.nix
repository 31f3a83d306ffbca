builtins.toJSON { a = [ 1 1.5 null true "x\n\"\\" ]; b = {}; c = []; }
