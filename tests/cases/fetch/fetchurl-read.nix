builtins.readFile (builtins.fetchurl { url = "file://@/plain.txt"; name = "x"; })
