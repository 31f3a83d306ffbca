builtins.replaceStrings [ "oo" "o" ] [ "1" "2" ] "fooo"
