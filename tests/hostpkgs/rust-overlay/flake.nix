{
  description = "A test fixture: rust-overlay's attribute names over the machine's own Rust (see ../README.md)";

  outputs =
    { self, ... }:
    {
      overlays.default =
        final: prev:
        let
          inherit (final) lib hostRustToolchain;
          # Profiles hold the same toolchain here, and extensions and targets are taken as given.
          profiles =
            version:
            lib.genAttrs
              [
                "minimal"
                "default"
                "complete"
              ]
              (
                _:
                lib.makeOverridable (
                  {
                    extensions ? [ ],
                    targets ? [ ],
                  }:
                  hostRustToolchain version
                ) { }
              );
          versions = lib.concatMap (
            minor:
            map (patch: "1.${toString minor}.${toString patch}") [
              0
              1
              2
              3
            ]
          ) (lib.range 56 120);
        in
        {
          rust-bin = {
            stable = lib.genAttrs versions profiles // {
              latest = profiles null;
            };
          };
        };
    };
}
