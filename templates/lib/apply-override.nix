# Adapts a derivation as the catalogue's hand-written override says.
{ callPackage }:

path: version: package:

let
  override = callPackage path { };

  bySelector = override.versions.${version} or (override.default or (_: { }));
in
package.overrideAttrs (if override ? versions || override ? default then bySelector else override)
