(x: if x then let a = 1; in a else let b = 2; in b) false
