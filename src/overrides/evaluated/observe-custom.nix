# Stands in for generated/lib/build-custom.nix while overrides are judged, as observe-override.nix does for
# apply-override.nix: hand-written derivations have nothing before them.
{ callPackage }:

let
  buildCustom = import ./build-custom-itself.nix { inherit callPackage; };
  inherit (import ./observe.nix) attributesOf asking;
in
path: given:

let
  override = import path;
  after = buildCustom path given;
in
{
  inherit after;
  attributesAfter = attributesOf after;
  attributesRough = { };
  formals = if builtins.isFunction override then builtins.functionArgs override else { };
  given = after;

  lacks = name: !(given ? ${name}) && !(callPackage (asking name (has: has ? ${name})) { });
  argument =
    name: given.${name} or (callPackage (asking name (has: { argument = has.${name}; })) { }).argument;
}
