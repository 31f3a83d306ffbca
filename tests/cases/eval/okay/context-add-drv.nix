builtins.getContext (builtins.addDrvOutputDependencies (builtins.unsafeDiscardOutputDependency (derivation { name = "x"; system = "s"; builder = "b"; }).drvPath))
