let pkgs = { openssl = 1; zlib = 2; }; in pkgs.openssll
