# A PostgreSQL built with other features than nixpkgs chooses. Its recipe has an argument for each, newer ones in newer
# revisions only.
{ lib }:

postgresql: features:

let
  unknown = lib.subtractLists (lib.attrNames (lib.functionArgs postgresql.override)) (lib.attrNames features);

  # A recipe that does not know it builds without it.
  lacking = lib.filter (argument: features.${argument}) unknown;
in
if lacking == [ ] then
  postgresql.override (lib.removeAttrs features unknown)
else
  throw ''
    this nixpkgs cannot build PostgreSQL ${postgresql.version} as `features` in catalogue/postgresql.toml says: its recipe has no ${lib.concatStringsSep ", " lacking}.
    Remove the key there, or move the input nixpkgs to a newer revision.
  ''
