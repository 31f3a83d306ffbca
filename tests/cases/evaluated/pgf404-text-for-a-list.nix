{ lib }:
old: {
  buildInputs = lib.concatMapStringsSep " " toString old.buildInputs;
  makeFlags = old.makeFlags ++ [ "A=1" ];
}
