builtins.fetchurl "file://localhost@/plain.txt"
