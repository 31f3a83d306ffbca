(derivation { name = "x"; system = "s"; builder = "b"; outputHash = "0000000000000000000000000000000000000000000000000000"; outputHashAlgo = "sha256"; outputs = [ "a" "b" ]; }).a
