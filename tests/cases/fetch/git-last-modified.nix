builtins.fetchGit { url = "@/main"; lastModified = 7; }
