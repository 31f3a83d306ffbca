let c = [ c ]; in toString c
