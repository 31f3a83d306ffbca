builtins.toFile "x" "${derivation { name = "x"; system = "s"; builder = "b"; }}"
