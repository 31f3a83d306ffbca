{ lib, stdenv }:
old: {
  makeFlags = old.makeFlags ++ lib.optional stdenv.hostPlatform.isDarwin (1 + "x");
}
