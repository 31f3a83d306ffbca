# What this repository's flake has besides: the generator itself, and the check that generated/ is what the
# catalogue gives.
{ nixpkgs, self, ... }:

let
  inherit (nixpkgs) lib;
  inherit (builtins.fromTOML (builtins.readFile ./flake.toml)) systems;

  root = toString ../.;

  # What pgflakegen generates is no part of it.
  generated = [
    "flake.lock"
    "flake.nix"
    "generated"
    "target"
  ];

  pgflakegenFor =
    pkgs:
    pkgs.rustPlatform.buildRustPackage {
      pname = "pgflakegen";
      inherit ((builtins.fromTOML (builtins.readFile ../Cargo.toml)).package) version;

      src = builtins.path {
        name = "pgflakegen";
        path = ../.;
        filter = path: _type: !(lib.elem (lib.removePrefix "${root}/" (toString path)) generated);
      };

      cargoLock.lockFile = ../Cargo.lock;
      cargoBuildFlags = [ "--package=pgflakegen" ];

      # They want a Nix of their own; CI runs them.
      doCheck = false;

      meta = {
        description = "Generates a Nix flake of PostgreSQL and its extensions from a catalogue";
        license = [
          lib.licenses.mit
          lib.licenses.asl20
        ];
        mainProgram = "pgflakegen";
      };
    };

  forEachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
in
{
  packages = forEachSystem (pkgs: {
    pgflakegen = pgflakegenFor pkgs;
  });

  checks = forEachSystem (pkgs: {
    generated = pkgs.runCommand "generated-is-up-to-date" { nativeBuildInputs = [ (pgflakegenFor pkgs) ]; } ''
      pgflakegen --root ${self} check >"$out"
    '';
  });
}
