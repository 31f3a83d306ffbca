"a" + /x/no/such/file/here
