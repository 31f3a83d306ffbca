let t = { a = throw "x"; }; in t == t
