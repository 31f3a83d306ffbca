builtins.match "(ab){2,3}" "ababab"
