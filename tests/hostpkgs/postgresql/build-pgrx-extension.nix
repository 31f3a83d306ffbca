# buildPgrxExtension: `cargo pgrx package`, then what it wrote below PostgreSQL's store path moves to the
# top of the output. Arguments as in nixpkgs; as there, a server of its own starts and stops before the build and
# before tests, and what is built is broken on Darwin whatever the caller says.
{
  lib,
  pkg-config,
  rustPlatform,
  stdenv,
  writeShellScriptBin,
}:
lib.extendMkDerivation {
  constructDrv = rustPlatform.buildRustPackage;
  excludeDrvArgNames = [
    "postgresql"
    "useFakeRustfmt"
    "usePgTestCheckFeature"
  ];
  extendDrvArgs =
    finalAttrs:
    {
      buildAndTestSubdir ? null,
      buildType ? "release",
      buildFeatures ? [ ],
      cargoBuildFlags ? [ ],
      cargoPgrxFlags ? [ ],
      cargo-pgrx,
      postgresql,
      useFakeRustfmt ? true,
      usePgTestCheckFeature ? true,
      ...
    }@args:
    let
      major = lib.versions.major postgresql.version;
      pgConfig = "${postgresql.pg_config}/bin/pg_config";
      withServer = ''
        export PGRX_HOME=$TMPDIR/pgrx USER=$(whoami)
        export PGDATA=$PGRX_HOME/data-${major} PGHOST=$PGRX_HOME
        mkdir -p "$PGRX_HOME"
        cargo-pgrx pgrx init "--pg${major}" ${pgConfig}
        echo "unix_socket_directories = '$PGHOST'" >"$PGDATA/postgresql.conf"
        pg_ctl start -w -l "$PGRX_HOME/log" -o --listen-addresses=
        createuser --superuser --createdb "$USER" || true
        pg_ctl stop -w
      '';
    in
    assert lib.assertMsg (
      !(args ? installPhase) && !(args ? buildPhase)
    ) "buildPgrxExtension overwrites buildPhase and installPhase";
    {
      buildInputs = args.buildInputs or [ ];
      nativeBuildInputs =
        args.nativeBuildInputs or [ ]
        ++ [
          cargo-pgrx
          postgresql
          pkg-config
          rustPlatform.bindgenHook
        ]
        ++ lib.optional useFakeRustfmt (writeShellScriptBin "rustfmt" "exit 0");
      buildPhase = ''
        runHook preBuild
        ${withServer}
        ${lib.optionalString (buildAndTestSubdir != null) "pushd ${lib.escapeShellArg buildAndTestSubdir}"}
        PGRX_BUILD_FLAGS="--frozen -j $NIX_BUILD_CORES ${lib.concatStringsSep " " cargoBuildFlags}" \
        cargo pgrx package ${lib.escapeShellArgs cargoPgrxFlags} \
          --pg-config ${pgConfig} ${lib.optionalString (buildType != "release") "--debug"} \
          --features "${lib.concatStringsSep " " buildFeatures}" --out-dir "$out"
        ${lib.optionalString (buildAndTestSubdir != null) "popd"}
        runHook postBuild
      '';
      preCheck = withServer + args.preCheck or "";
      installPhase = ''
        runHook preInstall
        cargo-pgrx pgrx stop all
        cp -a "$out${postgresql}/." "$out/"
        rm -r "''${out:?}/nix"
        runHook postInstall
      '';
      env = args.env or { } // {
        PGRX_PG_SYS_SKIP_BINDING_REWRITE = "1";
        CARGO_BUILD_INCREMENTAL = "false";
        RUST_BACKTRACE = "full";
      };
      meta = args.meta or { } // {
        broken = args.meta.broken or false || stdenv.hostPlatform.isDarwin;
      };
    };
}
