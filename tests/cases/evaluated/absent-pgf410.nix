{ }: old: { makeFlags = [ old.pname ]; }
