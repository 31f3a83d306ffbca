with { openssl = 1; zlib = 2; };
[ openssl zlibb ]
