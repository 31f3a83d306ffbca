(derivation { name = "x y"; system = "s"; builder = "b"; }).outPath
