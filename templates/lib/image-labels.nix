# What an image says of itself: https://github.com/opencontainers/image-spec/blob/main/annotations.md
{
  catalogue,
  lib,
  revision,
}:

{
  packages,
  title,
  version,
}:

let
  # Of all that is in it, as an SPDX expression.
  licenses = lib.pipe packages [
    (lib.concatMap (package: lib.toList (package.meta.license or [ ])))
    (map (license: license.spdxId or null))
    (lib.filter (id: id != null))
    lib.unique
    (lib.sort lib.lessThan)
    (lib.concatStringsSep " AND ")
  ];
in
lib.mapAttrs' (key: lib.nameValuePair "org.opencontainers.image.${key}") (
  lib.filterAttrs (_: value: value != null && value != "") {
    inherit (catalogue) description;
    inherit
      licenses
      revision
      title
      version
      ;
    inherit (catalogue.image) source documentation vendor;
    url = catalogue.image.source;
  }
)
