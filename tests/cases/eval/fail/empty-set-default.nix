let f = { a ? { } }: [ a ] + 1; in f { }
