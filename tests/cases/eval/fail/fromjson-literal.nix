builtins.fromJSON "[ true, nulx ]"
