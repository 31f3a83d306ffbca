let name = "x"; in name { a = 1; }
