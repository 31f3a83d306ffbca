let c = { a = c; }; d = { a = d; }; in c == d
