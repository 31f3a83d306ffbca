(with { a = 1; }; x: a + x) 2
