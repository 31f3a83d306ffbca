# Rust as nixpkgs calls it, over the machine's own toolchain. Builders are not root, so the toolchain
# must be readable for everybody: `cargo xtask e2e` puts it at the path below.
{
  lib,
  stdenv,
  self,
}:
let
  toolchainPath = "/var/lib/hostpkgs/rust";

  # A toolchain of the given version, or whatever the machine has (null). Another version than the
  # machine's evaluates and says so when it is built.
  toolchain =
    wanted:
    stdenv.mkDerivation {
      pname = "rust";
      version = if wanted == null then "host" else wanted;
      dontUnpack = true;
      inherit toolchainPath;
      wanted = if wanted == null then "" else wanted;
      installPhase = ''
        if [ ! -x "$toolchainPath/bin/rustc" ]; then
          echo "error: no Rust at $toolchainPath: cargo xtask e2e --only rust puts the machine's own there" >&2
          exit 1
        fi
        has=$("$toolchainPath/bin/rustc" --version | cut -d' ' -f2)
        if [ -n "$wanted" ] && [ "$wanted" != "$has" ]; then
          echo "error: Rust $wanted is not in hostpkgs, the test fixture: this machine has $has" >&2
          exit 1
        fi
        mkdir -p "$out/bin"
        for program in cargo rustc rustdoc; do ln -s "$toolchainPath/bin/$program" "$out/bin/$program"; done
      '';
      passthru = {
        targetPlatforms = lib.platforms.unix;
      };
      meta.mainProgram = "cargo";
    };

  # One directory per crate, as `cargo vendor` would lay it out, from files NAME-VERSION.tar.gz.
  unpackCrates = ''
    unpackCrate() { # NAME-VERSION ARCHIVE CHECKSUM
      mkdir "$out/$1"
      tar xf "$2" --directory "$out/$1" --strip-components 1 --no-same-owner
      printf '{"files":{},"package":"%s"}' "$3" >"$out/$1/.cargo-checksum.json"
    }
  '';
  isRegistry = package: lib.hasPrefix "registry+" (package.source or "");

  platform =
    { cargo, rustc, ... }:
    rec {
      rust = { inherit cargo rustc; };
      inherit cargo rustc;

      # Vendors what a Cargo.lock in the tree names, one fixed-output file per crate.
      importCargoLock =
        {
          lockFile ? null,
          lockFileContents ? builtins.readFile lockFile,
          outputHashes ? { },
          allowBuiltinFetchGit ? false,
          ...
        }:
        let
          packages = builtins.filter (p: p ? source) (builtins.fromTOML lockFileContents).package;
          nameOf = p: "${p.name}-${p.version}";
          git = builtins.filter (p: lib.hasPrefix "git+" p.source) packages;
          # One hash is enough for all crates of a commit; one of no crate here is refused.
          commitOf = p: lib.last (lib.splitString "#" p.source);
          commits = builtins.listToAttrs (map (p: lib.nameValuePair (nameOf p) (commitOf p)) git);
          hashed = map (
            name:
            commits.${name}
              or (throw "A hash was specified for ${name}, but there is no corresponding git dependency.")
          ) (builtins.attrNames outputHashes);
          unhashed = builtins.filter (p: !allowBuiltinFetchGit && !(builtins.elem (commitOf p) hashed)) git;
          crate = p: {
            name = nameOf p;
            inherit (p) checksum;
            file = self.fetchurl {
              name = "crate-${nameOf p}.tar.gz";
              url = "https://static.crates.io/crates/${p.name}/${p.version}/download";
              sha256 = p.checksum;
            };
          };
        in
        lib.throwIf (unhashed != [ ])
          "No hash was found while vendoring the git dependency ${nameOf (builtins.head unhashed)}. You can add a hash through the `outputHashes` argument of importCargoLock."
          (
            self.runCommand "cargo-vendor-dir"
              {
                crates = lib.concatMapStrings (p: "${p.name} ${p.file} ${p.checksum}\n") (
                  map crate (builtins.filter isRegistry packages)
                );
                gitCrates = map nameOf git;
                lock = lockFileContents;
                passAsFile = [
                  "crates"
                  "lock"
                ];
              }
              ''
                [ -z "$gitCrates" ] || { echo "error: crates from git ($gitCrates) are not in hostpkgs, the test fixture" >&2; exit 1; }
                mkdir "$out"
                cp "$lockPath" "$out/Cargo.lock"
                ${unpackCrates}
                while read -r name file checksum; do unpackCrate "$name" "$file" "$checksum"; done <"$cratesPath"
              ''
          );

      # Vendors by one hash. The staging directory is laid out as nixpkgs does, so its hash is `cargoHash`.
      fetchCargoVendor =
        {
          name ? if args ? pname && args ? version then "${args.pname}-${args.version}" else "cargo-deps",
          hash ? throw "fetchCargoVendor requires a `hash` value to be set for ${name}",
          ...
        }@args:
        let
          staging = stdenv.mkDerivation (
            builtins.removeAttrs args [
              "name"
              "pname"
              "version"
              "hash"
            ]
            // {
              name = "${name}-vendor-staging";
              outputHash = hash;
              outputHashMode = "recursive";
              installPhase = ''
                mkdir -p "$out/tarballs"
                cp Cargo.lock "$out/Cargo.lock"
                awk '/^name = /{gsub(/"/,"",$3);n=$3} /^version = /{gsub(/"/,"",$3);v=$3} /^source = "registry/{print n, v}' Cargo.lock |
                  while read -r n v; do
                    printf 'url = "https://static.crates.io/crates/%s/%s/download"\noutput = "%s/tarballs/%s-%s.tar.gz"\n' \
                      "$n" "$v" "$out" "$n" "$v"
                  done >"$TMPDIR/crates"
                curl --parallel --location --fail --silent --show-error --config "$TMPDIR/crates"
              '';
              dontConfigure = true;
              dontBuild = true;
              dontFixup = true;
            }
          );
        in
        self.runCommand "${name}-vendor" { inherit staging; } ''
          if [ -e "$staging/git" ]; then echo "error: crates from git are not in hostpkgs, the test fixture" >&2; exit 1; fi
          mkdir "$out"
          cp "$staging/Cargo.lock" "$out/"
          ${unpackCrates}
          for file in "$staging"/tarballs/*; do
            unpackCrate "$(basename "$file" .tar.gz)" "$file" "$(sha256sum "$file" | cut -d' ' -f1)"
          done
        '';

      cargoSetupHook = self.makeSetupHook { name = "cargo-setup-hook"; } (
        stdenv.storeFile ./stdenv/cargo-hook.sh
      );
      bindgenHook = self.makeSetupHook { name = "rust-bindgen-hook"; } (
        stdenv.storeFile ./stdenv/bindgen-hook.sh
      );

      buildRustPackage = lib.extendMkDerivation {
        constructDrv = stdenv.mkDerivation;
        excludeDrvArgNames = [
          "cargoHash"
          "cargoLock"
          "cargoPatches"
          "useNextest"
          "depsExtraArgs"
          "cargoDepsName"
        ];
        extendDrvArgs =
          finalAttrs:
          {
            name ? "${args.pname}-${args.version}",
            cargoHash ? null,
            cargoLock ? null,
            cargoDeps ? null,
            cargoPatches ? [ ],
            nativeBuildInputs ? [ ],
            patches ? [ ],
            buildFeatures ? [ ],
            buildNoDefaultFeatures ? false,
            cargoBuildFlags ? [ ],
            buildType ? "release",
            buildAndTestSubdir ? null,
            env ? { },
            meta ? { },
            ...
          }@args:
          {
            cargoDeps =
              if cargoDeps != null then
                cargoDeps
              else if cargoLock != null then
                importCargoLock cargoLock
              else if cargoHash != null then
                fetchCargoVendor (
                  {
                    inherit name;
                    hash = cargoHash;
                    patches = cargoPatches;
                  }
                  // builtins.intersectAttrs {
                    src = null;
                    sourceRoot = null;
                    preUnpack = null;
                    postUnpack = null;
                  } args
                )
              else
                throw "cargoHash, cargoVendorDir, cargoDeps, or cargoLock must be set";
            nativeBuildInputs = nativeBuildInputs ++ [
              cargoSetupHook
              cargo
              rustc
            ];
            patches = cargoPatches ++ patches;
            # Check phases do not run in this fixture.
            doCheck = false;
            buildPhase =
              args.buildPhase or ''
                runHook preBuild
                ${lib.optionalString (buildAndTestSubdir != null) "cd ${buildAndTestSubdir}"}
                cargo build --frozen -j "$NIX_BUILD_CORES" ${
                  lib.escapeShellArgs (
                    lib.optional (buildType == "release") "--release"
                    ++ lib.optional buildNoDefaultFeatures "--no-default-features"
                    ++ lib.optional (buildFeatures != [ ]) "--features=${lib.concatStringsSep "," buildFeatures}"
                    ++ cargoBuildFlags
                  )
                }
                runHook postBuild
              '';
            installPhase =
              args.installPhase or ''
                runHook preInstall
                mkdir -p "$out/bin"
                find "$CARGO_TARGET_DIR/${
                  if buildType == "release" then "release" else "debug"
                }" -maxdepth 1 -type f -perm -100 \
                  ! -name '*.so' -exec cp -t "$out/bin" {} +
                runHook postInstall
              '';
            env =
              # What is built here is tested once: a fast build matters more than fast code.
              {
                CARGO_PROFILE_RELEASE_OPT_LEVEL = "0";
                CARGO_PROFILE_RELEASE_LTO = "off";
                CARGO_PROFILE_RELEASE_CODEGEN_UNITS = "16";
                CARGO_PROFILE_DEV_DEBUG = "0";
              }
              // env
              // {
                CARGO_BUILD_INCREMENTAL = "false";
              };
            meta = {
              platforms = lib.platforms.unix;
            }
            // meta;
          };
      };
    };

  cargoPgrx =
    {
      version,
      hash,
      cargoHash,
    }:
    self.rustPlatform.buildRustPackage {
      pname = "cargo-pgrx";
      inherit version cargoHash;
      src = self.fetchCrate {
        pname = "cargo-pgrx";
        inherit version hash;
      };
      meta = {
        description = "Build Postgres Extensions with Rust";
        homepage = "https://github.com/pgcentralfoundation/pgrx";
        license = lib.licenses.mit;
        mainProgram = "cargo-pgrx";
      };
    };
  pinned = {
    "0_12_6" = {
      version = "0.12.6";
      hash = "sha256-7aQkrApALZe6EoQGVShGBj0UIATnfOy2DytFj9IWdEA=";
      cargoHash = "sha256-pnMxWWfvr1/AEp8DvG4awig8zjdHizJHoZ5RJA8CL08=";
    };
    "0_16_0" = {
      version = "0.16.0";
      hash = "sha256-emNR7fXNVD9sY/Mdno7mwpH6l/7AD28cBUsFRn9je50=";
      cargoHash = "sha256-3eyBDWDoCzSU0tbab8qbjSnBkkN0oOgd7YbuyHLEHYw=";
    };
    "0_16_1" = {
      version = "0.16.1";
      hash = "sha256-AjoBr+/sEPdzbD0wLUNVm2syCySkGaFOFQ70TST1U9w=";
      cargoHash = "sha256-95DHq5GLnAqb3bbKwwaeBeKEmkfRh81ZTRaJ7L59DAg=";
    };
    "0_17_0" = {
      version = "0.17.0";
      hash = "sha256-Ld7m7ggxlf8FufpeiAE9qcu49X0SgX6XXHS6KIewGyA=";
      cargoHash = "sha256-hNj39YzJna8iZxnlrLz+uLduxaD+uvggQRM7ng3MN1k=";
    };
  };
in
{
  rustc = toolchain null;
  cargo = self.rustc;
  rustfmt = self.unavailable "rustfmt";
  clippy = self.unavailable "clippy";
  hostRustToolchain = toolchain;
  makeRustPlatform = lib.makeOverridable platform;
  rustPlatform = self.makeRustPlatform { inherit (self) cargo rustc; };
  rustPackages = { inherit (self) cargo rustc rustPlatform; };
  buildPgrxExtension = self.callPackage ./postgresql/build-pgrx-extension.nix { };
  cargo-pgrx = self.cargo-pgrx_0_17_0;
}
// lib.mapAttrs' (name: args: lib.nameValuePair "cargo-pgrx_${name}" (cargoPgrx args)) pinned
