# The regression tests that an extension's own source has (`make installcheck`), on a server with what was built: one
# for each version of each extension that is built with make.
{ pkgs }:

attribute: postgresql:

let
  inherit (pkgs) lib;

  catalogue = lib.importJSON ../catalogue.json;
  data = import ../tools/data.nix { inherit pkgs; };

  make =
    name: version: package:
    let
      # What is not said is not there.
      described = {
        known-failures = [ ];
        preload = [ ];
        requires = [ ];
        settings = { };
        skip = [ ];
      }
      // catalogue.extensions.${name}.installcheck;
      here = lib.filter (test: lib.elem postgresql.name test.postgresql);
      bin = postgresql.withVersion name version described.requires;
    in
    # The source is unpacked, patched, configured and made as for the package itself.
    package.overrideAttrs (old: {
      name = "${attribute}-installcheck-${name}-${version}";
      outputs = [ "out" ];
      separateDebugInfo = false;
      phases = [
        "unpackPhase"
        "patchPhase"
        "configurePhase"
        "buildPhase"
        "installcheckPhase"
      ];
      nativeBuildInputs = old.nativeBuildInputs or [ ] ++ [
        pkgs.diffutils
        pkgs.gnugrep
        pkgs.gnused
        pkgs.jq
        # For those that are written in Perl.
        pkgs.perl
        pkgs.perlPackages.IPCRun
      ];
      env = old.env or { } // {
        PGFLAKEGEN_BIN = "${bin}";
        PGFLAKEGEN_CATALOGUE = "${
          data.writeForExtensions
            {
              extensions = postgresql.requiredNames name version described.requires;
              inherit (described) preload settings;
            }
            { ${attribute} = { }; }
            { ${attribute} = postgresql; }
        }";
        PGFLAKEGEN_CATALOGUE_SH = "${../tools/catalogue.sh}";
        PGFLAKEGEN_CLUSTER_SH = "${../tools/cluster.sh}";
        PGFLAKEGEN_EXTENSION = name;
        PGFLAKEGEN_NAME = postgresql.name;
        PGFLAKEGEN_PG_CONFIG = "${bin.pg_config or postgresql.postgresql.pg_config}/bin/pg_config";
        PGFLAKEGEN_TESTS = builtins.toJSON {
          known = here described.known-failures;
          skip = here described.skip;
        };
        PGFLAKEGEN_VERSION = version;
      };
      installcheckPhase = ''
        bash ${./installcheck.sh} ${lib.escapeShellArgs (old.makeFlags or [ ])} \
          ''${makeFlagsArray+"''${makeFlagsArray[@]}"}
      '';
    });

  hasTests = name: _: catalogue.extensions.${name} ? installcheck;

  ofExtension =
    name: extension:
    {
      ${name} = make name extension.default postgresql.exts.${name};
    }
    // lib.listToAttrs (
      map (
        version:
        let
          inherit (catalogue.extensions.${name}.versions.${version}) attribute;
        in
        lib.nameValuePair attribute (make name version postgresql.exts.${attribute})
      ) extension.versions
    );
in
lib.concatMapAttrs ofExtension (lib.filterAttrs hasTests postgresql.extensions)
