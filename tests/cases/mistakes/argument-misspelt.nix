let build = { pname, version ? "1" }: pname; in build { pnam = "x"; }
