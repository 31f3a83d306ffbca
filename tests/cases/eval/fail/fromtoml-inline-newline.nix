builtins.fromTOML "a = {b=1,\nc=2}"
