let build = { pname }: pname; in build "x"
