# The package set itself: what is here by name, and where each part lives.
{
  lib,
  system,
  config,
}:
self:
let
  stdenv = import ./stdenv { inherit lib system config; };
  inherit (self) callPackage;
  # `lib` and `stdenv` come apart from `self`: attribute names must not depend on the fixed point.
  parts = { inherit lib stdenv self; };
  pin = import ./pin.nix;
  # Names from before a renaming: to this pin the package is still called so, or that is an alias.
  renamed =
    names:
    builtins.removeAttrs names (builtins.attrValues pin.renamed)
    // lib.mapAttrs (_: new: names.${new}) pin.renamed
    // lib.optionalAttrs config.allowAliases (
      lib.mapAttrs (_: alias: lib.warnOnInstantiate alias.warning names.${alias.package}) pin.aliases
    );
in
{
  inherit
    lib
    stdenv
    config
    system
    ;
  stdenvNoCC = stdenv;
  pkgs = self;
  buildPackages = self;
  targetPackages = self;
  inherit (stdenv) hostPlatform buildPlatform targetPlatform;
  callPackage = lib.callPackageWith self;
  callPackages = lib.callPackagesWith self;
  newScope = extra: lib.callPackageWith (self // extra);
  inherit (lib) recurseIntoAttrs makeOverridable makeScope;
  extend =
    f:
    import ./. {
      inherit system config;
      overlays = [ f ];
    };
  dockerTools = callPackage ./docker-tools.nix { };
}
// import ./fetchers.nix { inherit lib stdenv; }
// import ./build-support.nix parts
// renamed (import ./host-packages.nix parts)
// import ./rust.nix parts
// import ./postgresql parts
