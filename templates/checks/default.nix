# What `nix flake check` runs: for each PostgreSQL a cluster inside the build, on which the extensions are
# created and tested, and for each extension with several versions the updates between them.
{ pkgs, postgresqls }:

let
  inherit (pkgs) lib;

  data = import ../tools/data.nix { inherit pkgs; };

  smoke = if builtins.pathExists ../../tests/smoke then ../../tests/smoke else pkgs.emptyDirectory;

  runCheck =
    attribute: postgresql: checkName: script: env:
    pkgs.runCommand "${attribute}-${checkName}"
      (
        {
          nativeBuildInputs = [
            pkgs.diffutils
            pkgs.gnugrep
            pkgs.gnused
            pkgs.jq
            pkgs.perlPackages.TAPParserSourceHandlerpgTAP
          ];
          # pg_prove speaks the locale of its user.
          LC_ALL = "C";
          PGFLAKEGEN_CATALOGUE = data.write { ${attribute} = { }; } { ${attribute} = postgresql; };
          PGFLAKEGEN_NAME = postgresql.name;
          PGFLAKEGEN_CATALOGUE_SH = ../tools/catalogue.sh;
          PGFLAKEGEN_CLUSTER_SH = ../tools/cluster.sh;
        }
        // env
      )
      ''
        bash ${script}
      '';

  smokeCheck =
    attribute: postgresql: server:
    runCheck attribute postgresql (if server == "slim" then "slim-smoke" else "smoke") ./smoke.sh {
      PGFLAKEGEN_BIN = postgresql.tested.${server};
      PGFLAKEGEN_CATALOGUE = data.writeForTests { ${attribute} = { }; } { ${attribute} = postgresql; };
      PGFLAKEGEN_EXTENSION_TEST = ./extension.sql;
      PGFLAKEGEN_PRIME = ../../tests/prime.sql;
      PGFLAKEGEN_SMOKE = smoke;
    };

  # What is in the closure of `slim`, and that nothing is which only builds and readers need.
  slimClosureCheck =
    attribute: postgresql:
    pkgs.runCommand "${attribute}-slim-closure"
      (
        {
          closure = pkgs.closureInfo { rootPaths = [ postgresql.slim ]; };
          nativeBuildInputs = [
            pkgs.coreutils
            pkgs.gnugrep
            pkgs.gnused
          ];
          # Of names without hash.
          unwanted = lib.concatStringsSep "|" [
            "-(debug|dev|devdoc|doc|info|man)$"
            "^(cargo|clang|gcc|llvm|rustc)-[^-]*$"
            "^(cc|clang|gcc|pkg-config)-wrapper(-|$)"
            "^(autoconf|automake|binutils|bison|cmake|flex|gnumake|linux-headers|meson|ninja|pkg-config)-"
          ];
        }
        // lib.optionalAttrs (catalogue.image ? size-limit) {
          limit = toString catalogue.image.size-limit;
        }
      )
      ''
        bash ${./slim-closure.sh}
      '';

  catalogue = lib.importJSON ../catalogue.json;

  # How an updated extension is compared, with what the repository knows of it.
  updated = name: {
    PGFLAKEGEN_DEFINITIONS = ./definitions.sql;
    PGFLAKEGEN_KNOWN = ownFile "${name}.txt";
    PGFLAKEGEN_SMOKE = smoke;
    PGFLAKEGEN_UPDATED_SH = ./updated.sh;
  };

  # In tests/updates, or nothing.
  ownFile =
    name:
    let
      file = ../../tests/updates + "/${name}";
    in
    lib.optionalString (builtins.pathExists file) "${file}";

  updateCheck =
    attribute: postgresql: name: extension:
    runCheck attribute postgresql "update-${name}" ./update.sh (
      updated name
      // {
        PGFLAKEGEN_DATA = ownFile "${name}.sql";
        PGFLAKEGEN_UPDATES = builtins.toJSON {
          inherit (catalogue.extensions.${name}) sql;
          versions = map (version: {
            inherit version;
            bin = postgresql.withVersion name version [ ];
            sqlVersion = catalogue.extensions.${name}.versions.${version}.sql-version;
          }) extension.versions;
        };
        passAsFile = [ "PGFLAKEGEN_UPDATES" ];
      }
    );

  hasUpdates =
    name: extension:
    lib.length (extension.versions or [ ]) > 1 && catalogue.extensions.${name}.sql != [ ];

  # From each of several versions in one server to each other one.
  sideBySideCheck =
    attribute: postgresql: name: versions:
    runCheck attribute postgresql "side-by-side-${name}" ./side-by-side.sh (
      updated name
      // {
        PGFLAKEGEN_BIN = postgresql.withVersions name;
        PGFLAKEGEN_EXTENSION = name;
        PGFLAKEGEN_SQL = catalogue.extensions.${name}.sql;
        PGFLAKEGEN_VERSIONS = map (version: version.sqlVersion) versions;
      }
    );

  installchecks = import ./installcheck.nix { inherit pkgs; };

  # The catalogue says for which extensions and PostgreSQLs.
  isChecked =
    postgresql: name: _:
    lib.elem postgresql.name (catalogue.extensions.${name}.installcheck.checked or [ ]);

  checksOf =
    attribute: postgresql:
    {
      "${attribute}-smoke" = smokeCheck attribute postgresql "bin";
      "${attribute}-slim-closure" = slimClosureCheck attribute postgresql;
      "${attribute}-slim-smoke" = smokeCheck attribute postgresql "slim";
    }
    // lib.mapAttrs' (
      name: extension:
      lib.nameValuePair "${attribute}-update-${name}" (updateCheck attribute postgresql name extension)
    ) (lib.filterAttrs hasUpdates postgresql.extensions)
    // lib.mapAttrs' (
      name: versions:
      lib.nameValuePair "${attribute}-side-by-side-${name}" (
        sideBySideCheck attribute postgresql name versions
      )
    ) postgresql.sideBySide
    // lib.mapAttrs' (
      name: _:
      lib.nameValuePair "${attribute}-installcheck-${name}" (installchecks attribute postgresql).${name}
    ) (lib.filterAttrs (isChecked postgresql) postgresql.extensions);
in
lib.concatMapAttrs checksOf postgresqls
