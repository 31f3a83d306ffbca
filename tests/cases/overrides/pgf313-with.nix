{ lib }:
with lib;
old: { makeFlags = optional true "x" ++ old.makeFlags; }
