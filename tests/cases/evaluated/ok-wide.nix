{ lib, postgresql, stdenv }:
old:
{
  env = old.env or { } // { NIX_CFLAGS_COMPILE = "-O3"; };
  doCheck = stdenv.hostPlatform.isLinux;
  postInstall = old.postInstall + ''
    rm -r "$out/share/doc"
  '';
  meta = old.meta // { broken = lib.versionOlder postgresql.version "9"; };
}
// lib.optionalAttrs (old.version == "1.0") { patches = [ ]; }
