builtins.fetchTree { type = "path"; path = "@/plain.txt"; rev = "0123456789012345678901234567890123456789"; revCount = 4; lastModified = 12; }
