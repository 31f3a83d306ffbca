let build = { pname, version }: pname; in build { pname = "x"; version = "1"; verson = "2"; }
