{
  lib,
  fetchurl,
  cmake,
  zlib,
  readline,
}:
let
  model = fetchurl {
    url = "https://example.org/model.bin";
    hash = "sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=";
  };
  common = old: {
    nativeBuildInputs = old.nativeBuildInputs ++ [ cmake ];
    buildInputs = old.buildInputs ++ [ zlib ];
    preBuild = ''
      cp ${model} model.bin
    '';
  };
in
{
  versions = {
    "1.0.0" = common;
    "1.1.0" = finalAttrs: prevAttrs: {
      buildInputs = prevAttrs.buildInputs ++ [ zlib readline ];
      makeFlags = lib.concatLists [
        prevAttrs.makeFlags
        [ "VERSION=${finalAttrs.version}" ]
      ];
      patches = [ ./present.patch ];
      sourceRoot = "source/extension";
    };
  };
  default = old: {
    doInstallCheck = true;
    propagatedBuildInputs = (old.propagatedBuildInputs or [ ]) ++ lib.optional true zlib;
  };
}
