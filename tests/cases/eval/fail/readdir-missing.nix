builtins.readDir /no/such/path/at/all
