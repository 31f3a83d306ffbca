let c = [ c ]; in builtins.toJSON c
