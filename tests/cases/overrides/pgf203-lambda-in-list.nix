{ }: old: { patches = [ x: x ]; }
