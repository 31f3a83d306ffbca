let a = "text"; in a.b
