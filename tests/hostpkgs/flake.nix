{
  description = "A test fixture: a small package set with nixpkgs' names over the machine's own toolchain";

  outputs =
    { self }:
    let
      lib = import ./lib;
    in
    {
      # Only nixpkgs' flake has this one.
      lib = lib // {
        nixosSystem =
          {
            modules,
            specialArgs ? { },
          }:
          lib.evalModules {
            modules = [ ./nixos ] ++ modules;
            specialArgs = {
              modulesPath = toString ./nixos;
            }
            // specialArgs;
          };
      };
      legacyPackages = lib.genAttrs lib.systems.flakeExposed (system: import ./. { inherit system; });
    };
}
