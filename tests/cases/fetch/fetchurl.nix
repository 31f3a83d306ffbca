builtins.fetchurl "file://@/no-ending"
