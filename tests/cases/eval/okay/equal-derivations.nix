(derivation { name = "a"; system = "s"; builder = "b"; }) == (derivation { name = "a"; system = "s"; builder = "b"; } // { x = 1; })
