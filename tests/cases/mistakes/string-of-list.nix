let flags = [ "-O2" ]; in "CFLAGS=${flags}"
