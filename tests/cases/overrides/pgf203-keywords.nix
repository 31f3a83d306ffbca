{ lib }:
old: {
  doCheck = if lib.x then true;
  makeFlags = old.makeFlags ++ if true then [ ] else [ ];
}
