let t = { a = 1; f = x: x; }; s = { inherit (t) f; }; d = { type = "derivation"; outPath = "p"; bad = throw "no"; };
in [ (s == s) ({ inherit (t) f; } == { inherit (t) f; }) (t.f == t.f) (d == d) ([ t.f ] == [ t.f ]) ]
