builtins.elem { a = 1; } [ 1 { a = 1; } ]
