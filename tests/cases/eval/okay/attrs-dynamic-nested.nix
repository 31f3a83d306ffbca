let n = "k"; in { a.${n}.b = 1; }
