assert { a = { type = "derivation"; outPath = "x"; }; } == { a = { type = "derivation"; outPath = "y"; more = 1; }; }; true
