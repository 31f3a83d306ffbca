builtins.fetchurl "file://@/a%20b"
