{ lib, curl, stdenv }:
assert curl != null;
let
  extra = [ curl ];
in
(old:
  {
    buildInputs = old.buildInputs ++ extra;
  }
  // (with lib; optionalAttrs stdenv.hostPlatform.isLinux {
    postInstall = if old ? postInstall then old.postInstall else "";
  }))
