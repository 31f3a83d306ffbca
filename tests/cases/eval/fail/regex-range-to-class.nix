builtins.match "[a-[.c.]]" "b"
