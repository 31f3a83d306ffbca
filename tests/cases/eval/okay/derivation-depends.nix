let a = derivation { name = "a"; system = "s"; builder = "b"; outputs = [ "out" "dev" ]; }; in (derivation { name = "c"; system = "s"; builder = "${a}/bin/x"; dev = a.dev; }).drvPath
