map toString [ 1.0 0.1 100000000.5 ]
