builtins.pathExists /no/such/path/at/all
