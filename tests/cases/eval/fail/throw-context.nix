throw "a ${toString 1}"
