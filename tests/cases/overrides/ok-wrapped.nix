{ lib, curl, stdenv }:
assert curl != null;
let
  extra = [ curl ];
in
with lib;
(old:
  {
    buildInputs = old.buildInputs ++ extra;
  }
  // optionalAttrs stdenv.hostPlatform.isLinux {
    postInstall = if old ? postInstall then old.postInstall else "";
  })
