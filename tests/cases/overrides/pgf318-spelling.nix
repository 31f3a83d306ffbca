{ pkgconfig, stdenv }:
old: {
  nativeBuildInputs = old.nativeBuildInputs ++ stdenv.lib.optional stdenv.isLinux pkgconfig;
}
