# buildPgrxExtension: `cargo pgrx package`, then what it wrote below PostgreSQL's store path moves to the
# top of the output. Arguments as in nixpkgs.
{
  lib,
  pkg-config,
  rustPlatform,
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
        export PGRX_HOME=$TMPDIR/pgrx USER=$(whoami)
        mkdir -p "$PGRX_HOME"
        cargo-pgrx pgrx init "--pg${major}" ${pgConfig}
        ${lib.optionalString (buildAndTestSubdir != null) "pushd ${lib.escapeShellArg buildAndTestSubdir}"}
        PGRX_BUILD_FLAGS="--frozen -j $NIX_BUILD_CORES ${lib.concatStringsSep " " cargoBuildFlags}" \
        cargo pgrx package ${lib.escapeShellArgs cargoPgrxFlags} \
          --pg-config ${pgConfig} ${lib.optionalString (buildType != "release") "--debug"} \
          --features "${lib.concatStringsSep " " buildFeatures}" --out-dir "$out"
        ${lib.optionalString (buildAndTestSubdir != null) "popd"}
        runHook postBuild
      '';
      installPhase = ''
        runHook preInstall
        cp -a "$out${postgresql}/." "$out/"
        rm -r "''${out:?}/nix"
        runHook postInstall
      '';
      env = args.env or { } // {
        PGRX_PG_SYS_SKIP_BINDING_REWRITE = "1";
        CARGO_BUILD_INCREMENTAL = "false";
        RUST_BACKTRACE = "full";
      };
    };
}
