# The programs that `nix run` starts. One script each for every PostgreSQL; what they know of the catalogue
# comes to them as JSON.
{
  pkgs,
  # psql_15, psql_17 …, as in ../default.nix
  postgresqls,
  # Where other versions of extensions are built from: source, system, and inputs by name.
  flake ? null,
}:

let
  inherit (pkgs) lib;

  data = import ./data.nix { inherit pkgs; };

  # The repository's own test data, if it has any.
  migrations =
    if builtins.pathExists ../../tests/migrations then ../../tests/migrations else ./migrations;

  # Built when a script first needs it, not with the script: nobody who starts one PostgreSQL wants to
  # build them all. One that cannot be evaluated on this system must not keep the others from starting.
  lazily =
    package:
    let
      evaluated = builtins.tryEval package.drvPath;
    in
    if evaluated.success then
      {
        bin = builtins.unsafeDiscardStringContext package.outPath;
        derivation = builtins.unsafeDiscardOutputDependency evaluated.value;
      }
    else
      { };

  env.PGFLAKEGEN_CATALOGUE = data.writeForServers flake (lib.mapAttrs (
    _: postgresql: lazily postgresql.bin
  ) postgresqls) postgresqls;

  # The kernel's locks, which end with who holds them.
  flock = if pkgs.stdenv.hostPlatform.isLinux then pkgs.util-linux else pkgs.flock;

  # What upgrades ask both servers.
  comparison = {
    PGFLAKEGEN_FINGERPRINT = "${./fingerprint.sql}";
    PGFLAKEGEN_MEMBERS = "${./members.sql}";
    PGFLAKEGEN_OBSTACLES = "${./obstacles.sql}";
  };

  makeTool =
    {
      name,
      description,
      parts,
      runtimeEnv ? { },
      runtimeInputs ? [ ],
    }:
    pkgs.writeShellApplication {
      inherit name;
      meta = { inherit description; };
      runtimeEnv = env // runtimeEnv;
      runtimeInputs = [
        pkgs.coreutils
        pkgs.findutils
        pkgs.gnugrep
        pkgs.gnused
        pkgs.jq
      ]
      ++ runtimeInputs;
      text = lib.concatMapStrings builtins.readFile parts;
      excludeShellChecks = [
        # Filters of jq have variables of their own.
        "SC2016"
        # Not every tool calls every function of the parts.
        "SC2317"
        "SC2329"
      ];
    };

  start-server = makeTool {
    name = "start-server";
    description = "Start a PostgreSQL of the catalogue with its extensions";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./state.sh
      ./claim.sh
      ./primary.sh
      ./access.sh
      ./server.sh
      ./server-options.sh
      ./content.sh
      ./extension-versions.sh
      ./start-server.sh
    ];
    runtimeInputs = [ flock ];
  };

  start-client = makeTool {
    name = "start-client";
    description = "Connect psql to a server that start-server has started";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./state.sh
      ./start-client.sh
    ];
  };

in
{
  inherit start-client start-server;

  pg = makeTool {
    name = "pg";
    description = "Start, stop and look at the servers that one works with";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./state.sh
      ./pg.sh
    ];
    runtimeInputs = [
      start-client
      start-server
    ];
  };

  start-replica = makeTool {
    name = "start-replica";
    description = "Start a streaming replica of a running server";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./state.sh
      ./claim.sh
      ./primary.sh
      ./access.sh
      ./server.sh
      ./server-options.sh
      ./extension-versions.sh
      ./start-replica.sh
    ];
    runtimeInputs = [ flock ];
  };

  migration-test = makeTool {
    name = "migration-test";
    description = "Upgrade test data from one PostgreSQL to another and compare the content";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./builds.sh
      ./methods.sh
      ./report.sh
      ./migration-test.sh
      ./two-servers.sh
      ./own-data.sh
      ./new-options.sh
      ./obstacles.sh
      ./compare.sh
      ./plant.sh
      ./migrate.sh
    ];
    runtimeInputs = [
      pkgs.diffutils
      pkgs.gawk
    ];
    runtimeEnv = comparison // {
      PGFLAKEGEN_MIGRATIONS = "${migrations}";
      PGFLAKEGEN_PRIME = "${../../tests/prime.sql}";
    };
  };

  upgrade = makeTool {
    name = "upgrade";
    description = "Upgrade a data directory, with a way back";
    parts = [
      ./catalogue.sh
      ./cluster.sh
      ./state.sh
      ./claim.sh
      ./builds.sh
      ./methods.sh
      ./report.sh
      ./own-data.sh
      ./upgrade-place.sh
      ./upgrade-settings.sh
      ./upgrade.sh
      ./two-servers.sh
      ./new-options.sh
      ./obstacles.sh
      ./compare.sh
      ./upgrade-run.sh
    ];
    runtimeInputs = [
      flock
      pkgs.diffutils
      pkgs.gawk
    ];
    runtimeEnv = comparison;
  };
}
