rec { a = 1; b = with { c = 2; }; a + c; }
