builtins.readFile /no/such/path/at/all
