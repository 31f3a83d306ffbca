builtins.path { path = @/plain.txt; sha256 = ""; }
