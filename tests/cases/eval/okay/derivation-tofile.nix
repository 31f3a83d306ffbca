(derivation { name = "c"; system = "s"; builder = builtins.toFile "b.sh" "echo"; }).drvPath
