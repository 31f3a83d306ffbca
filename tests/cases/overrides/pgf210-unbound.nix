{ lib }:
old: {
  buildInputs = old.buildInputs ++ [ openssl ];
  makeFlags = old.makeFlags ++ optional true "x";
  installFlags = concatLists [ lib.x ol.installFlags ];
}
