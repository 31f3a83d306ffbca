# NixOS's services.postgresql with a PostgreSQL of this catalogue: package, libraries that are loaded first, settings; and
# what a machine wants beside it.
{
  # The catalogue for each system.
  catalogueFor,
}:

{
  config,
  lib,
  pkgs,
  ...
}:

let
  inherit (lib) mkIf mkOption types;
  inherit (pkgs.stdenv.hostPlatform) system;

  # Over NixOS's own defaults, and under everything that somebody writes.
  mkDefault = lib.mkOverride 900;

  all = config.services.postgresql;
  cfg = all.pgflakegen;

  catalogue =
    catalogueFor.${system}
      or (throw "services.postgresql.pgflakegen: the catalogue is not for ${system}, but for ${lib.concatStringsSep ", " (lib.attrNames catalogueFor)}");

  machine = import ./. {
    inherit pkgs;
    postgresqls = catalogue;
  };

  names = map (postgresql: postgresql.name) (lib.attrValues catalogue);

  postgresql = catalogue."psql_${cfg.postgresql}";

  majorOf = name: lib.versions.major catalogue."psql_${name}".postgresql.version;

  described = machine.ofPostgresql postgresql;

  tools = {
    pgbackrest = [ pkgs.pgbackrest ];
    wal-g = [ pkgs.wal-g ];
  };

  units = machine.units {
    inherit (cfg) postgresql;
    inherit (cfg.password) role;
    inherit (cfg.upgrade) from mode;
    inherit (cfg.volume) label wait;
    volume = cfg.volume.enable;
    inherit (all.settings) port;
    device = if cfg.volume.device == null then "" else cfg.volume.device;
    backupFile = cfg.backup.environmentFile;
    backupPath = tools.${cfg.backup.tool} or [ ];
    backupTool = if cfg.backup.enable then cfg.backup.tool else null;
  };

  chosen = lib.filterAttrs (name: _: cfg.${lib.removePrefix "pgflakegen-" name}.enable) units.services;
in
{
  options.services.postgresql.pgflakegen = {
    enable = lib.mkEnableOption "a PostgreSQL of the catalogue, with its extensions and settings";

    postgresql = mkOption {
      type = types.enum names;
      default = (lib.importJSON ../catalogue.json).default-postgresql;
      description = "Which PostgreSQL of the catalogue.";
    };

    volume = {
      enable = lib.mkEnableOption "a volume of its own for data, which is found by its label";
      label = mkOption {
        type = types.strMatching "[A-Za-z0-9_.-]{1,16}";
        default = "pgdata";
        description = "The label of the file system.";
      };
      device = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = "/dev/nvme1n1";
        description = ''
          What becomes the data volume when it is empty, where there is none with the label: a disk, or `auto` for the only
          empty one. Nothing that has anything on it is ever formatted.
        '';
      };
      wait = mkOption {
        type = types.ints.unsigned;
        default = 30;
        description = "Seconds that `device` may take to be there.";
      };
    };

    password = {
      enable = lib.mkEnableOption ''
        a password for the superuser: what user-data write to /run/pgflakegen/password, or one that is generated once.
        It is in /var/lib/postgresql/password, for root alone
      '';
      role = mkOption {
        type = types.str;
        default = "postgres";
        description = "Whose password it is. A role that is not there becomes a superuser.";
      };
    };

    upgrade = {
      enable = lib.mkEnableOption "the upgrade of an older PostgreSQL's data by pg_upgrade before the server starts";
      from = mkOption {
        type = types.listOf (types.enum names);
        default = [ ];
        example = [ "15" ];
        description = "PostgreSQLs of the catalogue whose data may be there; their programs are on the machine, too.";
      };
      mode = mkOption {
        type = types.enum [
          "copy"
          "link"
        ];
        default = "copy";
        description = ''
          `copy` wants room for another copy of the data, and whatever happens the old ones are as they were. With `link`
          they are used, and nothing can be taken back.
        '';
      };
    };

    backup = {
      enable = lib.mkEnableOption "archiving and backups";
      tool = mkOption {
        type = types.either (types.enum (lib.attrNames tools)) types.path;
        default = "pgbackrest";
        description = "The program: pgbackrest, wal-g, or one of your own, which is called with `archive PATH` and `base`.";
      };
      environmentFile = mkOption {
        type = types.nullOr types.path;
        default = null;
        example = "/etc/pgflakegen/backup.env";
        description = "Variables of that program, with its secrets.";
      };
      calendar = mkOption {
        type = types.str;
        default = "daily";
        description = "When there is a base backup, as systemd's OnCalendar has it.";
      };
    };

    journal = mkOption {
      type = types.nullOr types.str;
      default = "500M";
      description = "What the journal may have of the disk; null leaves it to systemd.";
    };
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion =
          !cfg.upgrade.enable
          || lib.all (name: lib.versionOlder (majorOf name) (majorOf cfg.postgresql)) cfg.upgrade.from;
        message = "services.postgresql.pgflakegen.upgrade.from names a PostgreSQL that is not older than ${cfg.postgresql}";
      }
      {
        assertion = !cfg.volume.enable || lib.hasPrefix "/var/lib/postgresql/" all.dataDir;
        message = "services.postgresql.dataDir is not on the data volume, which is /var/lib/postgresql";
      }
    ];

    services.postgresql = {
      enable = mkDefault true;
      package = mkDefault postgresql.bin;
      enableJIT = mkDefault postgresql.jit;
      settings =
        lib.mapAttrs (_: mkDefault) described.settings
        // {
          shared_preload_libraries = mkDefault described.preload;
        }
        // lib.optionalAttrs cfg.backup.enable {
          archive_mode = mkDefault "on";
          archive_command = mkDefault "${lib.getExe machine.programs.backup} archive %p";
        };
    };

    systemd.services =
      chosen
      // lib.optionalAttrs cfg.backup.enable {
        # PostgreSQL itself calls the program that archives.
        postgresql = {
          path = tools.${cfg.backup.tool} or [ ];
          environment.PGFLAKEGEN_BACKUP_TOOL = "${cfg.backup.tool}";
          serviceConfig = mkIf (cfg.backup.environmentFile != null) {
            EnvironmentFile = cfg.backup.environmentFile;
          };
        };
      };

    systemd.timers = mkIf cfg.backup.enable {
      pgflakegen-backup = {
        description = "Backup of PostgreSQL";
        wantedBy = [ "timers.target" ];
        timerConfig = {
          OnCalendar = cfg.backup.calendar;
          Persistent = true;
          RandomizedDelaySec = "1h";
        };
      };
    };

    services.journald.extraConfig = mkIf (cfg.journal != null) ''
      SystemMaxUse=${cfg.journal}
    '';
  };
}
