(derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; flags = { a = 1; }; }).drvPath
