builtins.replaceStrings [ "a" "b" ] [ "b" "a" ] "abc"
