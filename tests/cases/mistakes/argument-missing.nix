let build = { pname, version }: pname; in build { pname = "x"; }
