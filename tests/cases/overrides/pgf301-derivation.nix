{ stdenv }:
stdenv.mkDerivation {
  name = "x";
}
