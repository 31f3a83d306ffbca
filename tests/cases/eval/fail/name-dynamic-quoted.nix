let x = "a b"; in { "a b" = 1; ${x} = 2; }
