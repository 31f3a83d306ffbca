builtins.path { path = @/linked; name = "x"; filter = p: t: baseNameOf (dirOf p) == "sub"; }
