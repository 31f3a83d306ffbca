(derivation { name = "x"; system = "s"; builder = "b"; args = [ 1 "a" null ]; e = [ 1 2 ]; f = true; g = false; h = null; i = 1.5; }).drvPath
