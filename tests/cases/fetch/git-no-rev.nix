builtins.fetchGit { url = "@/main"; rev = "0123456789012345678901234567890123456789"; }
