# Why the package set refuses to evaluate a package, or one that it is built with: null where it does not. Its own
# configuration (allowBroken, allowUnfreePredicate, …) counts, as in `meta.available`.
{ lib, system }:

let
  isRefused = package: !(package.meta.available or true);

  # What may be wrong is not always what is: a package can be both broken and unfree.
  reasons =
    meta:
    lib.optional (meta.broken or false) "broken"
    ++ lib.optional (meta.insecure or false) (
      lib.concatStringsSep " " (
        [ "insecure:" ] ++ lib.concatMap (lib.splitString "\n") (meta.knownVulnerabilities or [ ])
      )
    )
    ++ lib.optional (meta.unfree or false) "unfree"
    ++ lib.optional (meta.unsupported or false) "not available on ${system}";

  describe =
    package:
    let
      found = reasons package.meta;
    in
    if found == [ ] then "not available" else lib.concatStringsSep ", " found;

  inputs =
    package:
    lib.filter lib.isDerivation (
      lib.flatten [
        (package.buildInputs or [ ])
        (package.nativeBuildInputs or [ ])
        (package.propagatedBuildInputs or [ ])
      ]
    );
in
package:
if isRefused package then
  describe package
else
  let
    refused = lib.findFirst isRefused null (inputs package);
  in
  if refused == null then null else "needs ${refused.name}: ${describe refused}"
