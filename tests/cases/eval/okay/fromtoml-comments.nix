builtins.fromTOML "# top\na = [ # one\n 1, # two\n # three\n 2 ] # four\n"
