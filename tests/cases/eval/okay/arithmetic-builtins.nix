[ (builtins.add 1 2) (builtins.sub 5 1.5) (builtins.mul 2 3) (builtins.div 7 2) (builtins.lessThan 1 2) ]
