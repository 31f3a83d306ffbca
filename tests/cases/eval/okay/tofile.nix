builtins.toFile "x" "hello"
