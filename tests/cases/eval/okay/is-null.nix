isNull null
