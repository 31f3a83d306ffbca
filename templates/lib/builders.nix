# How extensions are built: one function per kind of the catalogue, and what overrides are applied with.
{
  name,
  pkgs,
  postgresql,
}:

let
  inherit (pkgs) lib;

  # Scope of nixpkgs' own extensions, for this PostgreSQL.
  inherit (postgresql.pkgs) callPackage;

  buildExtension = callPackage ./build-extension.nix { };
  withoutServer = callPackage ./without-server.nix { };

  # The same for an extension of the package set's own, which asks for the builder by name.
  adaptPgrx =
    package:
    if (lib.functionArgs (package.override or (_: { }))) ? buildPgrxExtension then
      package.override (old: {
        buildPgrxExtension = withoutServer (old.buildPgrxExtension or pkgs.buildPgrxExtension);
      })
    else
      package;
in
{
  applyOverride = callPackage ./apply-override.nix { inherit callPackage; };
  buildCmake = callPackage ./build-cmake.nix { inherit buildExtension; };
  buildConfigure = callPackage ./build-configure.nix { inherit buildExtension; };
  buildCustom = callPackage ./build-custom.nix { inherit callPackage; };
  buildPgrx = callPackage ./build-pgrx.nix {
    inherit withoutServer;
    cargoPgrx = pkgs.callPackage ./cargo-pgrx.nix { };
  };
  buildPgxs = callPackage ./build-pgxs.nix { inherit buildExtension; };
  buildSql = callPackage ./build-sql.nix { inherit buildExtension; };
  fromNixpkgs = import ./from-nixpkgs.nix { inherit adaptPgrx lib postgresql; } name;
}
