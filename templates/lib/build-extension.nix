# What all extensions that are built with make have in common. Their kind adds `defaults`, which the
# extension can replace, and what `adjust` makes of the extension's own attributes.
{
  lib,
  postgresql,
  postgresqlBuildExtension,
}:

{
  adjust ? _: { },
  build ? postgresqlBuildExtension,
  defaults ? { },
}:

args:

build (
  finalAttrs:
  let
    attrs = lib.toFunction args finalAttrs;
  in
  defaults
  // attrs
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
