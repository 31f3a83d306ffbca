{ stdenv, version, src }:
{ inherit stdenv version src; }
