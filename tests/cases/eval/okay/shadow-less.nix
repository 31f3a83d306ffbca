let __lessThan = a: b: "shadowed"; in 1 < 2
