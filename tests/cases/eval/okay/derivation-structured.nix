(derivation { name = "x"; system = "s"; builder = "b"; __structuredAttrs = true; a = { b = [ 1 { c = null; } ]; }; outputs = [ "out" "lib" ]; }).drvPath
