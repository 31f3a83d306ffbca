let c = [ { a = c; } ]; in builtins.toXML c
