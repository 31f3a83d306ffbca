builtins.fromTOML "a = 1\nb.c = [1, \"x\", 2.5, true]\n\"d e\" = {f = 0x0, g.h = 'l'}\n[t]\nu = \"\"\"\na\\\n   b\"\"\"\n[[v]]\nw = 0b1_0\n[[v]]\nw = 1e3 # c\n[t.x.y]\nz = inf\n[t.x]\n"
