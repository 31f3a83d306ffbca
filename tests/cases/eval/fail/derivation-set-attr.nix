(derivation { name = "x"; system = "s"; builder = "b"; f = { a = 1; }; }).drvPath
