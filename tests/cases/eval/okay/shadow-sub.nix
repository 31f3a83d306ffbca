let __sub = a: b: "shadowed"; in 1 - 2
