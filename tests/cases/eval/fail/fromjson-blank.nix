builtins.fromJSON " "
