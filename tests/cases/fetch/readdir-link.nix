builtins.readDir @/main/link
