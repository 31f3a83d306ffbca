[ __add map toString isNull ] == [ __add map toString isNull ]
