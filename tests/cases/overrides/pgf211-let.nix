{ lib }:
let
  # This comment stays.
  used = lib.x;
  unused = lib.y;
  inherit (lib) optional optionals;
in
old: { x = used; y = optional true 1; }
