let a = derivation { name = "a"; system = "s"; builder = "b"; }; in (derivation { name = "c"; system = "s"; builder = "b"; x = builtins.unsafeDiscardOutputDependency a.drvPath; }).drvPath
