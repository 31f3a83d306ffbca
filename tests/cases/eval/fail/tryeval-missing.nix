builtins.tryEval {}.a
