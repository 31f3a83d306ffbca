let s = builtins.fetchGit { url = "@/main"; ref = "other"; }; in [ (builtins.readDir s) (builtins.readDir (s + "/mods/sub")) (builtins.readFile (s + "/t.txt")) ]
