builtins.toFile "x" "${builtins.toFile "y" "hi"}"
