{ a = throw "first made"; x = throw "known from the start"; }
