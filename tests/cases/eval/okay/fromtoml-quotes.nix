builtins.fromTOML "a = \"\"\"x\"\"\"\"\nb = '''\ny'''''\nc = \"\""
