false -> throw "x"
