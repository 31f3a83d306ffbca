# What all extensions that are built with make have in common. `adjust` is what their kind adds.
{
  lib,
  postgresql,
  postgresqlBuildExtension,
}:

{
  adjust ? _: { },
  build ? postgresqlBuildExtension,
}:

args:

build (
  finalAttrs:
  let
    attrs = lib.toFunction args finalAttrs;
  in
  attrs
  // adjust attrs
  // {
    # Versions come from the catalogue.
    enableUpdateScript = false;

    meta = {
      inherit (postgresql.meta) platforms;
    }
    // attrs.meta;
  }
)
