[ (builtins.isFunction (x: x)) (builtins.isFunction builtins.map) (builtins.isFunction { __functor = 1; }) ]
