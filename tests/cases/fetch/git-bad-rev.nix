builtins.fetchGit { url = "@/main"; rev = "abc"; }
