builtins.fetchurl "file://@/plain.txt"
