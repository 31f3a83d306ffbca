{ ${builtins.toFile "x" "y"} = 1; }
