# The module and the image of this repository's own catalogue, on the options of tests/hostpkgs/nixos.
let
  fixture = ../../hostpkgs;
  lib = import (fixture + "/lib");
  overlay = ((import (fixture + "/rust-overlay/flake.nix")).outputs { self = null; }).overlays.default;
  packages =
    system:
    import fixture {
      inherit system;
      config.allowUnfree = true;
      overlays = [ overlay ];
    };
  catalogueFor = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
    system: import ../../../generated { pkgs = packages system; }
  );
  module = import ../../../generated/machine/module.nix { inherit catalogueFor; };
  nixos =
    system: modules:
    (lib.evalModules {
      modules = [
        (fixture + "/nixos")
        module
        { nixpkgs.pkgs = packages system; }
      ]
      ++ modules;
      specialArgs.modulesPath = toString (fixture + "/nixos");
    }).config;
  with' = settings: nixos "x86_64-linux" [ { services.postgresql.pgflakegen = settings; } ];
  off = with' { };
  plain = with' { enable = true; };
  full = with' {
    enable = true;
    postgresql = "17";
    volume = {
      enable = true;
      device = "auto";
    };
    password.enable = true;
    upgrade = {
      enable = true;
      from = [ "15" ];
    };
    backup = {
      enable = true;
      tool = "wal-g";
      environmentFile = "/etc/wal-g.env";
    };
  };
  said = nixos "x86_64-linux" [
    {
      services.postgresql = {
        pgflakegen.enable = true;
        settings.wal_level = "replica";
        settings.shared_preload_libraries = [ "auto_explain" ];
        package = catalogueFor.x86_64-linux.psql_16.bin;
      };
    }
  ];
  image = system: nixos system [ ../../../generated/machine/image.nix ];
  failed = config: map (a: a.message) (lib.filter (a: !a.assertion) config.assertions);
  bin = name: "${catalogueFor.x86_64-linux.${name}.bin}";
  fails = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
in
{
  off = {
    inherit (off.services.postgresql) enable;
    units = lib.attrNames off.systemd.services;
  };
  plain = {
    inherit (plain.services.postgresql) enable dataDir;
    isBin = plain.services.postgresql.finalPackage.outPath == bin "psql_15";
    preload = lib.elem "pg_cron" plain.services.postgresql.settings.shared_preload_libraries;
    inherit (plain.services.postgresql.settings) wal_level max_worker_processes;
    units = lib.attrNames plain.systemd.services;
    journal = plain.services.journald.extraConfig;
    failed = failed plain;
  };
  full = {
    isBin = full.services.postgresql.finalPackage.outPath == bin "psql_17";
    inherit (full.services.postgresql) dataDir;
    units = lib.mapAttrs (_: unit: {
      requires = unit.requires or [ ];
      requiredBy = unit.requiredBy or [ ];
      variables = lib.attrNames (unit.environment or { });
    }) full.systemd.services;
    archives = lib.hasSuffix "/bin/machine-backup archive %p" full.services.postgresql.settings.archive_command;
    timers = lib.attrNames full.systemd.timers;
    file = full.systemd.services.postgresql.serviceConfig.EnvironmentFile;
    failed = failed full;
  };
  # What somebody says is what counts.
  said = {
    inherit (said.services.postgresql.settings) wal_level shared_preload_libraries;
    isTheirs = said.services.postgresql.finalPackage.outPath == bin "psql_16";
  };
  # psql_NN/bin as a package of services.postgresql, without the module.
  asPackage =
    let
      package = catalogueFor.x86_64-linux.psql_15.bin;
    in
    {
      inherit (package) psqlSchema;
      withoutJit = package.withoutJIT.outPath == package.outPath;
      more = lib.length (package.withPackages (ps: [ ps.pgtap ])).installedExtensions;
      less = lib.length package.installedExtensions;
    };
  images = lib.genAttrs (lib.attrNames catalogueFor) (
    system:
    let
      config = image system;
    in
    {
      boot = lib.attrNames config.image.repart.partitions."10-esp".contents;
      inherit (config.image.repart) name;
      root = config.image.repart.partitions."20-root".repartConfig;
      grows = [
        config.fileSystems."/".autoResize
        config.systemd.repart.partitions."20-root".Type
      ];
      inherit (config.boot) kernelParams;
      passwords = config.services.openssh.settings;
      cloud = config.services.cloud-init.settings;
      ports = config.networking.firewall.allowedTCPPorts;
      inherit (config.services.postgresql) enableTCPIP authentication;
      device = config.services.postgresql.pgflakegen.volume.device;
      builds = lib.hasSuffix ".drv" config.system.build.image.drvPath;
    }
  );
  # Newer data than the machine's.
  backwards = failed (with' {
    enable = true;
    postgresql = "15";
    upgrade = {
      enable = true;
      from = [ "17" ];
    };
  });
  elsewhere = failed (
    nixos "x86_64-linux" [
      {
        services.postgresql = {
          dataDir = "/srv/data";
          pgflakegen = {
            enable = true;
            volume.enable = true;
          };
        };
      }
    ]
  );
  mistakes = lib.mapAttrs (_: settings: fails (with' ({ enable = true; } // settings)).services.postgresql.pgflakegen) {
    name = {
      postgresql = "99";
    };
    label = {
      volume.label = "no label at all, as it is too long";
    };
    mode = {
      upgrade.mode = "move";
    };
    unknown = {
      volumes.enable = true;
    };
    nothing = { };
  };
}
