(x: let y = x + 1; in let z = y + 1; in z) 1
