builtins.replaceStrings [ "a" "z" ] [ "x" (throw "x") ] "abc"
