map (x: x.outputName) (derivation { name = "x"; system = "s"; builder = "b"; outputs = [ "b" "a" ]; }).all
