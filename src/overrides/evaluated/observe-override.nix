# Stands in for generated/lib/apply-override.nix while overrides are judged: in place of the adapted
# derivation it gives all there is to look at, each part evaluated only when it is looked at.
{ callPackage }:

let
  applyOverride = import ./apply-override-itself.nix { inherit callPackage; };
  inherit (import ./observe.nix) attributesOf asking;
in
path: version: package:

let
  override = import path;
  after = applyOverride path version package;

  # What overrideAttrs is handed.
  adapt = applyOverride path version { overrideAttrs = f: f; };
  before = attributesOf package;
  given =
    final:
    let
      once = adapt before;
    in
    if builtins.isFunction once || once ? __functor then adapt final before else once;

  # As attributesOf after, for attributes of which mkDerivation can make nothing.
  rough = before // given rough;
in
{
  inherit adapt after;
  generated = package;
  attributesBefore = before;
  attributesAfter = attributesOf after;
  attributesRough = rough;
  formals = if builtins.isFunction override then builtins.functionArgs override else { };
  given = given rough;

  lacks = name: !(callPackage (asking name (given: given ? ${name})) { });
  argument = name: (callPackage (asking name (given: { argument = given.${name}; })) { }).argument;

  # The derivation with one attribute from the override.
  alone = name: package.overrideAttrs (_: { ${name} = rough.${name}; });
  same = name: before ? ${name} && before.${name} == (attributesOf after).${name};
}
