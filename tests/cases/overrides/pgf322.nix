{ lib }:
old: {
  buildFeatures = [ "extra" ];
  cargoPgrxFlags = [ "--package" "px" ];
  usePgTestCheckFeature = false;
  doCheck = lib.versionAtLeast old.version "1.0";
}
