builtins.substring 10 3 "hello"
