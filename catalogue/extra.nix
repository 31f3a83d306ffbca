# Packages pgflakegen itself, and checks that what it has generated is up to date.
{ nixpkgs, self, ... }:

let
  inherit (nixpkgs) lib;
  inherit (lib.importTOML ./flake.toml) systems;

  forEachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});

  pgflakegen =
    pkgs:
    pkgs.rustPlatform.buildRustPackage {
      pname = "pgflakegen";
      inherit ((lib.importTOML ../Cargo.toml).workspace.package) version;

      src = lib.fileset.toSource {
        root = ../.;
        fileset = lib.fileset.unions [
          ../Cargo.lock
          ../Cargo.toml
          ../benches
          ../crates
          ../src
          ../templates
          ../tests/migrations
          ../xtask
        ];
      };

      cargoLock.lockFile = ../Cargo.lock;
      cargoBuildFlags = [ "--package=pgflakegen" ];
      env.PGFLAKEGEN_COMMIT = self.rev or self.dirtyRev or "";

      nativeBuildInputs = [ pkgs.installShellFiles ];

      # They want the repository around them; `cargo nextest run` is where they run.
      doCheck = false;

      postInstall = ''
        installShellCompletion --cmd pgflakegen \
          --bash <($out/bin/pgflakegen completions bash) \
          --fish <($out/bin/pgflakegen completions fish) \
          --zsh <($out/bin/pgflakegen completions zsh)
        $out/bin/pgflakegen man > pgflakegen.1
        installManPage pgflakegen.1
      '';

      meta = {
        description = "Turns a catalogue of PostgreSQL versions and extensions into a Nix flake";
        license = [
          lib.licenses.asl20
          lib.licenses.mit
        ];
        mainProgram = "pgflakegen";
      };
    };
in
{
  packages = forEachSystem (pkgs: {
    pgflakegen = pgflakegen pkgs;
  });

  checks = forEachSystem (pkgs: {
    generated = pkgs.runCommand "generated-is-up-to-date" { } ''
      ${lib.getExe (pgflakegen pkgs)} check --root ${self}
      touch $out
    '';
  });
}
