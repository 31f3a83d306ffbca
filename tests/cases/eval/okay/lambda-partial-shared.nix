let f = a: b: let s = a + b; in s; g = f 1; in [ (g 1) (g 2) (g 3) ]
