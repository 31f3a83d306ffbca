let s = builtins.fetchGit @/main; in [ (builtins.readDir s) (builtins.readDir (s + "/e")) (builtins.readFile (s + "/t.txt")) ]
