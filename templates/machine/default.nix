# What a machine with a PostgreSQL of the catalogue runs beside the server, as units of systemd: ./module.nix has NixOS run
# them, `units` and `programs` are for everybody else.
{
  pkgs,
  # psql_15, psql_17 …, as in ../default.nix
  postgresqls,
}:

let
  inherit (pkgs) lib;

  # NixOS's name, and everybody else's, for the account and the first superuser.
  superuser = "postgres";

  data = import ../tools/data.nix { inherit pkgs superuser; };

  makeProgram =
    name: description: runtimeInputs: parts:
    pkgs.writeShellApplication {
      inherit name;
      meta = { inherit description; };
      runtimeInputs = [
        pkgs.coreutils
        pkgs.jq
      ]
      ++ runtimeInputs;
      text = lib.concatMapStrings builtins.readFile parts;
      excludeShellChecks = [
        # Filters of jq have variables of their own.
        "SC2016"
        # Not every program calls every function of the parts.
        "SC2317"
        "SC2329"
      ];
    };

  volume =
    makeProgram "machine-volume" "Find the data volume, format it when it is empty, mount it"
      [
        pkgs.diffutils
        pkgs.e2fsprogs
        pkgs.util-linux
      ]
      [
        ./messages.sh
        ./places.sh
        ./volume.sh
      ];

  password =
    makeProgram "machine-password" "Give PostgreSQL's superuser its password" [ pkgs.util-linux ]
      [
        ./messages.sh
        ./places.sh
        ./password.sh
      ];

  backup =
    makeProgram "machine-backup" "Back up with pgBackRest, WAL-G or a program of one's own" [ ]
      [
        ./messages.sh
        ./backup.sh
      ];

  ofCluster = [
    pkgs.findutils
    pkgs.gnugrep
    pkgs.gnused
  ];

  prepare = makeProgram "machine-prepare" "Make the cluster where there is none" ofCluster [
    ../tools/catalogue.sh
    ../tools/cluster.sh
    ./places.sh
    ./build.sh
    ./files.sh
    ./prepare.sh
  ];

  upgrade =
    makeProgram "machine-upgrade" "Upgrade the cluster of an older PostgreSQL" ofCluster
      [
        ../tools/catalogue.sh
        ../tools/cluster.sh
        ../tools/new-options.sh
        ./places.sh
        ./build.sh
        ./files.sh
        ./upgrade.sh
      ];

  attributeOf = name: "psql_${name}";

  makeUnits = import ./units.nix { inherit lib; };

  programs = {
    inherit
      backup
      password
      prepare
      upgrade
      volume
      ;
  };
in
lib.fix (self: {
  # The settings of a PostgreSQL of the catalogue, with what is to be preloaded.
  inherit (data) ofPostgresql;

  inherit programs;

  # Units in NixOS's form. `from`: which older PostgreSQLs' programs are there.
  units =
    {
      postgresql,
      role,
      backupFile ? null,
      backupPath ? [ ],
      backupTool ? null,
      device ? "",
      from ? [ ],
      label ? "pgdata",
      mode ? "copy",
      port ? 5432,
      # Without one nothing waits for it.
      volume ? true,
      wait ? 30,
    }:
    let
      own = postgresqls.${attributeOf postgresql};
      major = lib.versions.major own.postgresql.version;
      datadir = "/var/lib/postgresql/${major}";
      known = lib.genAttrs (lib.unique ([ postgresql ] ++ from)) (name: postgresqls.${attributeOf name});
      catalogue = data.write (lib.mapAttrs (_: of: { bin = "${of.bin}"; }) known) known;
      environment = {
        PGFLAKEGEN_CATALOGUE = "${catalogue}";
        PGFLAKEGEN_POSTGRESQL = postgresql;
        PGFLAKEGEN_UPGRADE_FROM = lib.concatStringsSep " " from;
        PGFLAKEGEN_UPGRADE_MODE = mode;
      };
      volumes = lib.optional volume "pgflakegen-volume.service";
      # What PostgreSQL's unit has in NixOS, as far as it holds for these as well.
      hardened = {
        CapabilityBoundingSet = "";
        LockPersonality = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateTmp = true;
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = true;
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "strict";
        ReadWritePaths = "/var/lib/postgresql";
        RemoveIPC = true;
        RestrictAddressFamilies = "AF_INET AF_INET6 AF_NETLINK AF_UNIX";
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [
          "@system-service"
          "~@privileged"
        ];
        UMask = "0077";
      };
      asAccount = hardened // {
        User = "postgres";
        Group = "postgres";
      };
    in
    {
      inherit datadir;
      services = lib.optionalAttrs volume {
        pgflakegen-volume = {
          description = "Data volume of PostgreSQL";
          before = [ "postgresql.service" ];
          requiredBy = [ "postgresql.service" ];
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = lib.getExe programs.volume;
          };
          environment = {
            PGFLAKEGEN_VOLUME_DEVICE = device;
            PGFLAKEGEN_VOLUME_LABEL = label;
            PGFLAKEGEN_VOLUME_WAIT = toString wait;
          };
        };
      }
      // {
        # A failed upgrade must not be followed by an empty cluster of the new version.
        pgflakegen-upgrade = {
          description = "Upgrade of PostgreSQL's data to ${major}";
          after = volumes;
          requires = volumes;
          before = [ "postgresql.service" ];
          requiredBy = [ "postgresql.service" ];
          inherit environment;
          serviceConfig = asAccount // {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = lib.getExe upgrade;
            RuntimeDirectory = "pgflakegen-upgrade";
            # Copying takes as long as it takes.
            TimeoutStartSec = "infinity";
            StateDirectory = "postgresql";
            StateDirectoryMode = "0750";
          };
        };

        pgflakegen-password = {
          description = "Password of PostgreSQL's superuser";
          # What user-data say is written by then; these units are not everywhere.
          after = [
            "cloud-init.service"
            "cloud-init-network.service"
            "postgresql.service"
            "postgresql-setup.service"
          ];
          requires = [ "postgresql.service" ];
          wantedBy = [ "multi-user.target" ];
          environment = {
            PGFLAKEGEN_BIN = "${own.bin}";
            PGFLAKEGEN_DATADIR = datadir;
            PGFLAKEGEN_PORT = toString port;
            PGFLAKEGEN_ROLE = role;
          };
          serviceConfig = {
            Type = "oneshot";
            RemainAfterExit = true;
            ExecStart = lib.getExe password;
            PrivateTmp = true;
            ProtectHome = true;
            ProtectSystem = "strict";
            ReadWritePaths = "/var/lib/postgresql -/run/pgflakegen";
          };
        };
      }
      // lib.optionalAttrs (backupTool != null) {
        pgflakegen-backup = {
          description = "Backup of PostgreSQL";
          after = [ "postgresql.service" ];
          requires = [ "postgresql.service" ];
          path = backupPath;
          environment = {
            PGFLAKEGEN_BACKUP_TOOL = "${backupTool}";
            PGFLAKEGEN_DATADIR = datadir;
            PGHOST = "/run/postgresql";
          };
          serviceConfig = {
            Type = "oneshot";
            User = "postgres";
            Group = "postgres";
            ExecStart = "${lib.getExe backup} base";
          }
          // lib.optionalAttrs (backupFile != null) { EnvironmentFile = backupFile; };
        };
      };

      # Where the distribution has no unit of its own for a PostgreSQL from the store.
      server = {
        description = "PostgreSQL ${own.postgresql.version} of the catalogue";
        after = [
          "network.target"
          "pgflakegen-upgrade.service"
        ]
        ++ volumes;
        requires = [ "pgflakegen-upgrade.service" ] ++ volumes;
        wantedBy = [ "multi-user.target" ];
        inherit environment;
        serviceConfig = asAccount // {
          # Not every build tells systemd that it is ready.
          Type = "exec";
          ExecStartPre = lib.getExe prepare;
          ExecStart = "${own.bin}/bin/postgres -D ${datadir}";
          ExecReload = "${pkgs.coreutils}/bin/kill -HUP $MAINPID";
          KillMode = "mixed";
          KillSignal = "SIGINT";
          Restart = "always";
          RestartSec = 2;
          RuntimeDirectory = "postgresql";
          RuntimeDirectoryMode = "0755";
          StateDirectory = "postgresql";
          StateDirectoryMode = "0750";
          TimeoutSec = 120;
          UMask = "0027";
        };
      };
    };

  # For distributions other than NixOS: the units as files, to be linked into /etc/systemd/system and enabled.
  package = lib.makeOverridable (
    arguments:
    let
      inherit (self.units arguments) server services;
      texts = makeUnits (services // { postgresql = server; });
    in
    pkgs.runCommand "machine-${arguments.postgresql}"
      {
        texts = builtins.toJSON texts;
        passAsFile = [ "texts" ];
        nativeBuildInputs = [ pkgs.jq ];
        preferLocalBuild = true;
        meta.description = "Units of systemd for a machine with PostgreSQL ${arguments.postgresql}";
      }
      ''
        mkdir -p "$out/lib/systemd/system"
        jq --raw-output 'keys[]' "$textsPath" >names
        while IFS= read -r name; do
          jq --raw-output --join-output --arg name "$name" '.[$name]' "$textsPath" >"$out/lib/systemd/system/$name"
        done <names
      ''
  );
})
