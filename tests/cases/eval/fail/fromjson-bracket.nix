builtins.fromJSON "[}"
