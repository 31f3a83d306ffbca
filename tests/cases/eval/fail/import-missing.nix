import /no/such/path/at/all
