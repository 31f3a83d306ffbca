builtins.hasContext (builtins.unsafeDiscardStringContext (builtins.toFile "x" "y"))
