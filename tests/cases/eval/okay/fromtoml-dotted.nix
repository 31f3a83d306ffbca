builtins.fromTOML "a.b = 1\na.c = 2\n[d]\ne.f = 3\ne.g = 4"
