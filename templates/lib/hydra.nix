# Jobs for Hydra: `psql_15.exts.pgvector.x86_64-linux`, `checks.NAME.SYSTEM`. Sets of them are aggregates: one for each
# PostgreSQL and each system, `tested` for all. `channel` is this flake, once all is tested.
{
  catalogueFor,
  checks,
  lib,
  pkgsFor,
  source,
}:

let
  systems = lib.attrNames pkgsFor;

  # The machine that aggregates are made on; they only name what others have built.
  pkgs = pkgsFor.${lib.head systems};

  # `{ SYSTEM = job; }` for the systems that have it.
  bySystem = get: lib.filterAttrs (_: job: job != null) (lib.mapAttrs (_: get) catalogueFor);

  names = lib.unique (lib.concatMap lib.attrNames (lib.attrValues catalogueFor));

  # What nixpkgs refuses is no job.
  extensions = postgresql: lib.removeAttrs postgresql.exts (lib.attrNames postgresql.refused);

  jobsOf =
    name:
    let
      extensionNames = lib.unique (
        lib.concatMap (catalogue: lib.attrNames (extensions catalogue.${name})) (lib.attrValues catalogueFor)
      );
    in
    {
      bin = bySystem (catalogue: catalogue.${name}.bin);
      exts = lib.genAttrs extensionNames (
        extension: bySystem (catalogue: (extensions catalogue.${name}).${extension} or null)
      );
      slim = bySystem (catalogue: catalogue.${name}.slim);
    }
    // lib.filterAttrs (_: jobs: jobs != { }) {
      docker = bySystem (catalogue: catalogue.${name}.docker or null);
    };

  postgresqls = lib.genAttrs names jobsOf;

  checkNames = lib.unique (lib.concatMap lib.attrNames (lib.attrValues checks));

  checkJobs = lib.genAttrs checkNames (
    check: lib.filterAttrs (_: job: job != null) (lib.mapAttrs (_: all: all.${check} or null) checks)
  );

  # Environments and images have the extensions in them, of which the other versions are named as well.
  ofPostgresql = system: name: [
    postgresqls.${name}.bin.${system}
    postgresqls.${name}.slim.${system}
  ]
  ++ lib.optional (postgresqls.${name} ? docker.${system}) postgresqls.${name}.docker.${system}
  ++ lib.concatMap (jobs: lib.optional (jobs ? ${system}) jobs.${system}) (
    lib.attrValues postgresqls.${name}.exts
  );

  aggregate =
    name: description: constituents:
    pkgs.runCommand name
      {
        _hydraAggregate = true;
        inherit constituents;
        meta = { inherit description; };
        preferLocalBuild = true;
      }
      ''
        mkdir -p "$out/nix-support"
        touch "$out/nix-support/hydra-build-products"
        printf '%s\n' $constituents >"$out/nix-support/constituents"
      '';

  aggregates =
    lib.genAttrs names (
      name:
      aggregate "${name}-aggregate" "Everything of ${name}, for all systems" (
        lib.concatMap (system: ofPostgresql system name) systems
      )
    )
    // lib.genAttrs systems (
      system:
      aggregate "${system}-aggregate" "Everything for ${system}" (
        lib.concatMap (ofPostgresql system) names ++ lib.attrValues checks.${system}
      )
    );

  tested = aggregate "tested" "Everything, for all systems" (lib.attrValues aggregates);

  channel =
    pkgs.runCommand "channel"
      {
        constituents = [ tested ];
        isHydraChannel = true;
        meta.description = "This flake, once all of it is tested";
        preferLocalBuild = true;
      }
      ''
        mkdir -p "$out/tarballs" "$out/nix-support"
        tar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --create \
          --gzip --file="$out/tarballs/nixexprs.tar.gz" --directory=${source} .
        echo "channel - $out/tarballs/nixexprs.tar.gz" >"$out/nix-support/hydra-build-products"
      '';
in
postgresqls
// {
  inherit aggregates channel tested;
  checks = checkJobs;
}
