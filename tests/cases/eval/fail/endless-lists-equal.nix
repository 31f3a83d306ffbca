let c = [ c ]; d = [ d ]; in c == d
