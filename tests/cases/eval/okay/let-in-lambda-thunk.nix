(x: let y = x + 1; f = z: y + z; in f 1 + f 2) 1
