let pkg = { name = "x"; }; in "${pkg}/bin"
