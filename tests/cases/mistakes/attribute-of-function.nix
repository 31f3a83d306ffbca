let f = x: { a = x; }; in f.a
