# Rust with pgrx. `pgrx` is the version of cargo-pgrx, which must be that of the extension's crate;
# `rust` an exact version of Rust, or null for the package set's own.
{
  buildPgrxExtension,
  cargoPgrx,
  lib,
  makeRustPlatform,
  postgresql,
  rust-bin ? null,
  withoutServer,
}:

{
  pgrx,
  rust ? null,
}:

args:

let
  toolchain = rust-bin.stable.${rust}.minimal;

  build =
    if rust == null then
      buildPgrxExtension
    else
      buildPgrxExtension.override {
        rustPlatform = makeRustPlatform {
          cargo = toolchain;
          rustc = toolchain;
        };
      };
in
withoutServer build (
  finalAttrs:
  let
    attrs = lib.toFunction args finalAttrs;
  in
  {
    # Their tests start servers of their own and want the network.
    doCheck = false;
  }
  // attrs
  // {
    inherit postgresql;
    cargo-pgrx = cargoPgrx.${pgrx};

    meta = {
      inherit (postgresql.meta) platforms;
    }
    // attrs.meta;
  }
)
