{ lib }:
let
  x = lib.x;
old: { y = x; }
