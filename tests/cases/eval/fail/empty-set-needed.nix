let x = { }; in builtins.seq x ([ x ] + 1)
