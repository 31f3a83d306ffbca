{ config, lib, pkgs, ... }:
with lib;
{
  options.x = mkOption { type = types.str; };
  config = mkIf true { y = pkgs.fetchurl { url = "x"; sha256 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73"; }; z = <nixpkgs>; };
}
