builtins.readDir @/nosuch/x
