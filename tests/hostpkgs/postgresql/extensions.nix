# `postgresql.pkgs`: the names nixpkgs has, so that flakes which take extensions from it evaluate. None
# of these can be built here; what the end-to-end test builds comes from the flake under test.
{
  lib,
  newScope,
  scope,
  self,
}:
let
  inherit (scope) postgresql;
  pin = (import ../pin.nix).extensions;
  major = lib.toInt (lib.versions.major postgresql.version);
  # Names as this set has them, for those that the pin has under another.
  oldNames = lib.mapAttrs' (old: new: lib.nameValuePair new old) pin.renamed;
  byLicense = {
    agpl3Plus = "citus pg_search";
    asl20 = "age apache_datasketches h3-pg lantern omnigres pg_graphql pg_jsonschema pg_net pg_roaringbitmap pg_tle pgactive pg_topn vectorchord wrappers timescaledb-apache timescaledb_toolkit tsja";
    bsd3 = "pg_bigm pg_hint_plan pg_repack pg_similarity pg_squeeze pgsodium supabase_vault wal2json";
    gpl2Plus = "pgrouting postgis plr";
    gpl3Plus = "repmgr tds_fdw pg-gvm";
    isc = "pg_safeupdate";
    mit = "libversion documentdb pg_auto_failover pg_csv pg_duckdb pg_rational pgsql-http plpgsql_check pgx_ulid";
    mpl20 = "pg_uuidv7";
    tsl = "timescaledb";
    postgresql = "anonymizer hypopg ip4r jsonb_deep_sum mysql_fdw ogr_fdw orioledb periods pg-semver pg_background pg_byteamagic pg_cron pg_ed25519 pg_hll pg_ivm pg_partman pg_relusage pg_textsearch pg_tracing pgaudit pgddl pgjwt pgmq pgroonga pgtap pgvector pljava pointcloud rum smlar sqlite_fdw supautils system_stats temporal_tables tsearch_extras";
  };
  placeholder =
    license: pname:
    extensions.${pin.builder or "postgresqlBuildExtension"} {
      inherit pname;
      version = "0";
      dontUnpack = true;
      buildPhase = ''
        echo "error: the extension $pname is not in hostpkgs, the test fixture; it is in nixpkgs" >&2
        exit 1
      '';
      meta = {
        description = "Stands for nixpkgs' ${pname} where only evaluation is tested";
        homepage = "https://search.nixos.org/packages?query=${pname}";
        license = lib.licenses.${license};
        inherit (postgresql.meta) platforms;
        broken = (pin.broken major).${pname} or false;
        knownVulnerabilities = pin.insecure.${pname} or [ ];
      };
    };
  refused = lib.mapAttrs (name: why: throw "PostgreSQL extension `${name}` ${why}");
  # What is not there says why, unless aliases are off: then the name is missing.
  removed = lib.optionalAttrs self.config.allowAliases (
    refused (
      {
        cstore_fdw = "has been removed";
        pg_embedding = "has been removed";
        pgvecto-rs = "has been removed";
      }
      // pin.removed
    )
  );
  languages =
    lib.mapAttrs
      (
        name: language:
        if scope."${lib.toLower language}Support" then
          (callPackage ./languages.nix { }).${name}
        else
          throw "PostgreSQL extension `${name}` is not available, because `postgresql` was built without ${language} support"
      )
      {
        plperl = "Perl";
        plpython3 = "Python";
        pltcl = "Tcl";
      };
  callPackage = newScope (scope // extensions);
  extensions =
    lib.concatMapAttrs (
      license: names:
      lib.listToAttrs (
        map (
          name:
          let
            here = oldNames.${name} or name;
          in
          lib.nameValuePair here (placeholder license here)
        ) (lib.splitString " " names)
      )
    ) byLicense
    // lib.mapAttrs (name: _: placeholder "mit" name) pin.insecure
    // removed
    // languages
    // {
      pgvectorscale = callPackage ./pgvectorscale.nix { };
      inherit callPackage postgresql;
      ${pin.builder or "postgresqlBuildExtension"} = callPackage ./build-extension.nix { };
      postgresqlTestExtension = callPackage ./test-extension.nix { };
    };
in
extensions
