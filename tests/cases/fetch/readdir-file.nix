builtins.readDir @/plain.txt
