# Extensions whose whole derivation is hand-written in the catalogue's override.
{ callPackage }:

path:
{ src, version }:

callPackage path { inherit src version; }
