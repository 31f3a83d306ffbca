builtins.readFile (builtins.fetchTree { type = "file"; url = "file://@/plain.txt"; }).outPath
