(derivation { name = "x"; system = "s"; builder = "b"; a = null; __ignoreNulls = true; }).drvPath
