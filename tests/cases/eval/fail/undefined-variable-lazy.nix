{ a = nothing; b = 1; }.b
