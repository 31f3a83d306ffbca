{ lib }:
old: {
  doCheck = (lib.versionAtLeast old.version "2";
  dontBuild = true;
}
