builtins.toFile "x" "y" == builtins.unsafeDiscardStringContext (builtins.toFile "x" "y")
