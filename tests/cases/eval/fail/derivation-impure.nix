(derivation { name = "a"; system = "x"; builder = "y"; __impure = true; }).outPath
