builtins.split "(a|ab)" "xabc"
