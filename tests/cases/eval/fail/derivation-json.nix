(derivation { name = "a"; system = "x"; builder = "y"; __json = "x"; }).drvPath
