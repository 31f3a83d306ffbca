(with a; b
