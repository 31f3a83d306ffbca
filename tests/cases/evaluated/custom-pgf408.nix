{ stdenv, src, version }:
stdenv.mkDerivation {
  pname = "whole";
  version = version + "-1";
  inherit src;
}
