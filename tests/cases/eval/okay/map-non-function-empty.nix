map 1 []
