rec { b = 1; __overrides = { c = 3; }; }
