{ stdenv, version, src }:
stdenv.mkDerivation {
  pname = "whole";
  inherit version src;
}
