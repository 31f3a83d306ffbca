builtins.match "[a-c-e]+" "b-e"
