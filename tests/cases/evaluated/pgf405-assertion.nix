{ openssl }:
assert openssl == null;
old: { makeFlags = old.makeFlags ++ [ "A=1" ]; }
