# NixOS's options, those that modules under test set or read: same names, same types, nothing behind them. Real NixOS has
# these with `lib.evalModules` of nixpkgs all the same, which is how they are compared with it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  option = type: default: mkOption { inherit type default; };
  flag = option types.bool false;
  cfg = config.services.postgresql;
in
{
  options = {
    assertions = option (types.listOf types.anything) [ ];
    boot = {
      initrd = {
        availableKernelModules = option (types.listOf types.str) [ ];
        systemd.enable = flag;
        systemd.repart.enable = flag;
      };
      kernelParams = option (types.listOf types.str) [ ];
      loader.grub.enable = option types.bool true;
    };
    documentation.enable = option types.bool true;
    fileSystems = option (types.attrsOf types.anything) { };
    networking = {
      hostName = option types.str "nixos";
      useNetworkd = flag;
      firewall.allowedTCPPorts = option (types.listOf types.port) [ ];
    };
    nixpkgs.pkgs = mkOption { type = types.raw; };
    services = {
      cloud-init = {
        enable = flag;
        network.enable = flag;
        settings = option (types.attrsOf types.anything) { };
      };
      journald.extraConfig = option types.lines "";
      openssh = {
        enable = flag;
        settings = option (types.attrsOf types.anything) { };
      };
      postgresql = {
        enable = flag;
        enableJIT = flag;
        enableTCPIP = flag;
        authentication = option types.lines "";
        dataDir = option types.path "/var/lib/postgresql/${cfg.package.psqlSchema}";
        package = mkOption { type = types.package; };
        finalPackage = option types.package (
          if cfg.enableJIT then cfg.package.withJIT else cfg.package.withoutJIT
        );
        settings = mkOption {
          default = { };
          type = types.submodule {
            freeformType = types.attrsOf (types.either types.bool (types.either types.int types.str));
            options = {
              shared_preload_libraries = option (types.nullOr (types.listOf types.str)) null;
              port = option types.port 5432;
            };
          };
        };
      };
    };
    system = {
      build = option (types.lazyAttrsOf types.raw) { };
      boot.loader.ukiFile = option types.str "nixos.efi";
      image.id = option (types.nullOr types.str) null;
      image.version = option (types.nullOr types.str) null;
      stateVersion = option types.str "26.11";
    };
    systemd = {
      repart.partitions = option (types.attrsOf types.anything) { };
      services = option (types.attrsOf types.anything) { };
      timers = option (types.attrsOf types.anything) { };
    };
    users.users = option (types.attrsOf types.anything) { };
    warnings = option (types.listOf types.str) [ ];
  };

  config = {
    # As NixOS does it, whose defaults are no stronger than anybody's.
    services.postgresql = {
      package = lib.mkDefault pkgs.postgresql_17;
      settings.jit = lib.mkDefault (if cfg.enableJIT then "on" else "off");
    };
    system.build = {
      toplevel = pkgs.writeText "toplevel" (builtins.toJSON config.systemd.services);
      uki = pkgs.writeText "uki" "";
    };
    systemd.services.postgresql = lib.mkIf cfg.enable {
      environment.PGDATA = cfg.dataDir;
      serviceConfig.ExecStart = "${cfg.finalPackage}/bin/postgres";
    };
  };
}
