# Options of NixOS's image.repart; the image is a file that says what would be in it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
in
{
  options.image.repart = {
    name = mkOption { type = types.str; };
    partitions = mkOption {
      type = types.attrsOf types.anything;
      default = { };
    };
  };

  config.system.build.image = pkgs.writeText config.image.repart.name (
    builtins.toJSON config.image.repart.partitions
  );
}
