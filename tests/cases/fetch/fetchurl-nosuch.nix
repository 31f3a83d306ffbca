builtins.fetchurl "file://@/nosuch"
