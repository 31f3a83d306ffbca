builtins.fetchGit { url = "@/main"; verifyCommit = true; }
