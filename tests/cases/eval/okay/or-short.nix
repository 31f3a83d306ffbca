true || throw "x"
