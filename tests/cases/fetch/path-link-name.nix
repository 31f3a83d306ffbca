builtins.path { path = "@/main/link"; name = "x"; }
