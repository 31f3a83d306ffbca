{ fetchurl, runCommand, data }:
old: {
  A = import (runCommand "x" { } "touch $out");
  B = builtins.readFile "${old.src}/META.json";
  C = builtins.fromJSON (builtins.readFile (old.src + "/META.json"));
  D = import data { };
  E = builtins.readFile ./patches/present.patch;
  F = fetchurl;
}
