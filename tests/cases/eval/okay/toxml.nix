builtins.toXML { a = 1; b = [ "x<&>\"" null true 1.5 ]; c = x: x; d = { p, q ? 1, ... }@r: p; e = builtins.map; }
