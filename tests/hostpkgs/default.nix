# The entry point, as nixpkgs': `import nixpkgs { system; overlays; config; }`.
{
  system ? builtins.currentSystem,
  localSystem ? { inherit system; },
  overlays ? [ ],
  config ? { },
  ...
}:
let
  lib = import ./lib;
  settings = if lib.isFunction config then config { } else config;
  base = import ./packages.nix {
    inherit lib;
    inherit (localSystem) system;
    config = {
      allowAliases = true;
    }
    // settings;
  };
in
lib.fix (lib.foldl' (lib.flip lib.extends) base overlays)
