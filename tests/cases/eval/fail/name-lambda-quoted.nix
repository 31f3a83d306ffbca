1 + { "a b" = x: x; }."a b"
