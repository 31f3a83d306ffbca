builtins.fromTOML "[a.b]\n[a]\nb.c = 1"
