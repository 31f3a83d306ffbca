builtins.path { path = @/main/link; }
