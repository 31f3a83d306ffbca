builtins.tryEval <no-such-thing-anywhere>
