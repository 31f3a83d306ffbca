false && throw "x"
