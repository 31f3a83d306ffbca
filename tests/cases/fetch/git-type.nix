builtins.fetchGit { url = "@/main"; type = "git"; }
