builtins.fetchurl "@/plain.txt"
