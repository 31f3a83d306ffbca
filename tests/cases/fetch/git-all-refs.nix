builtins.fetchGit { url = "@/main"; ref = "other"; allRefs = true; name = "x"; }
