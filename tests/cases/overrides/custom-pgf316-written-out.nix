{ stdenv, src }:
stdenv.mkDerivation {
  name = "example-1.2";
  inherit src;
}
