{ outPath = "/x"; } + /no/such/path
