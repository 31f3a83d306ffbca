builtins.fetchGit { url = "@/main"; ref = "v1"; }
