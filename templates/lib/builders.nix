# How extensions are built: one function per kind of the catalogue, and what overrides are applied with.
{
  name,
  pkgs,
  postgresql,
}:

let
  # Scope of nixpkgs' own extensions, for this PostgreSQL.
  inherit (postgresql.pkgs) callPackage;

  buildExtension = callPackage ./build-extension.nix { };
in
{
  applyOverride = callPackage ./apply-override.nix { inherit callPackage; };
  buildCmake = callPackage ./build-cmake.nix { inherit buildExtension; };
  buildConfigure = callPackage ./build-configure.nix { inherit buildExtension; };
  buildCustom = callPackage ./build-custom.nix { inherit callPackage; };
  buildPgrx = callPackage ./build-pgrx.nix { cargoPgrx = pkgs.callPackage ./cargo-pgrx.nix { }; };
  buildPgxs = callPackage ./build-pgxs.nix { inherit buildExtension; };
  buildSql = callPackage ./build-sql.nix { inherit buildExtension; };
  fromNixpkgs = import ./from-nixpkgs.nix {
    inherit (pkgs) lib;
    inherit postgresql;
  } name;
}
