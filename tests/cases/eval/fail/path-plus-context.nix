/a + builtins.substring 0 0 (derivation { name = "x"; system = "s"; builder = "b"; }).outPath
