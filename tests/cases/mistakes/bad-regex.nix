builtins.match "a(" "a"
