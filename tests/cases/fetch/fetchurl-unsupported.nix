builtins.fetchurl { url = "x"; other = 1; }
