{ lib, openssl }:
let
  common = old: {
    buildInputs = old.buildInputs ++ [ openssl ];
  };
in
{
  versions = {
    "1.0.0" = common;
    "1.1.0" = finalAttrs: prevAttrs: {
      postPatch = lib.optionalString (finalAttrs.version == "1.1.0") "touch x";
      inherit (prevAttrs) makeFlags;
    };
  };
  default = old: { };
}
