{ stdenvv, version, src }:
stdenvv.mkDerivation { pname = "whole"; inherit version src; }
