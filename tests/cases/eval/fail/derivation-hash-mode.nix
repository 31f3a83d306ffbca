(derivation { name = "x"; system = "s"; builder = "b"; outputHashMode = "sideways"; }).drvPath
