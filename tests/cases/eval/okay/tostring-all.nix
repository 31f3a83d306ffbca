map toString [ 1 1.5 "s" null true false [ 1 [ 2 3 ] ] /x { outPath = "o"; } { __toString = s: "t"; } ]
