# nixpkgs' builder for pgrx starts a server to build an extension, and on Darwin therefore calls everything
# that it builds broken: a server leaves shared memory behind there that no later build can have again.
# Building needs none: cargo-pgrx asks for pg_config alone.
{
  lib,
  postgresql,
  stdenv,
}:

build: args:

let
  pgConfig = "${postgresql.pg_config}/bin/pg_config";
  # As in the builder: what comes before a dot. Forks have versions such as `17_11`.
  major = lib.head (builtins.match "([0-9]+).*" postgresql.version);

  adjust =
    finalAttrs: old:
    let
      given = lib.toFunction args finalAttrs;
      directory = given.buildAndTestSubdir or null;
    in
    {
      # In place of `cargo pgrx init`, which makes a cluster.
      buildPhase = ''
        runHook preBuild

        export PGRX_HOME="$(mktemp -d)"
        printf '[configs]\npg%s = "%s"\n' ${major} ${pgConfig} >"$PGRX_HOME/config.toml"

        ${lib.optionalString (directory != null) ''
          export CARGO_TARGET_DIR="$(pwd)/target"
          pushd ${lib.escapeShellArg directory}
        ''}
        PGRX_BUILD_FLAGS="--frozen -j $NIX_BUILD_CORES ${lib.concatStringsSep " " (given.cargoBuildFlags or [ ])}" \
        RUSTFLAGS="''${RUSTFLAGS:+$RUSTFLAGS }-Clink-args=-Wl,-undefined,dynamic_lookup" \
        cargo pgrx package \
          ${lib.escapeShellArgs (given.cargoPgrxFlags or [ ])} \
          --pg-config ${pgConfig} \
          ${lib.optionalString (given.buildType or "release" != "release") "--debug"} \
          --features ${lib.escapeShellArg (lib.concatStringsSep " " (given.buildFeatures or [ ]))} \
          --out-dir "$out"
        ${lib.optionalString (directory != null) "popd"}

        runHook postBuild
      '';

      installPhase = ''
        runHook preInstall
        mv "$out${postgresql}"/* "$out"
        rm -rf "''${out:?}/nix"
        runHook postInstall
      '';

      # pgrx's own tests are tests against a server.
      doCheck = false;
      preCheck = given.preCheck or "";

      # The builder has the last word on this.
      meta = old.meta // {
        broken = given.meta.broken or false;
      };
    };
in
if stdenv.hostPlatform.isDarwin then (build args).overrideAttrs adjust else build args
