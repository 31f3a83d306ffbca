# One package of several versions of an extension, for one server: each version's library has a name of its own, and
# `CREATE EXTENSION … VERSION` and `ALTER EXTENSION … UPDATE TO` go from any to any that upstream has scripts for.
{ lib, runCommand }:

{
  name,
  # Names for CREATE EXTENSION.
  sql,
  # The version in SQL that is created where none is named.
  default,
  # { sqlVersion, package, … }, oldest first; each sqlVersion once.
  versions,
  # Versions in SQL that other servers have: pg_upgrade brings functions that name their libraries.
  aliases,
}:

let
  newest = lib.last versions;
  chosen = lib.findFirst (version: version.sqlVersion == default) newest versions;
in
runCommand "${name}-side-by-side-${chosen.package.version}"
  {
    pname = "${name}-side-by-side";
    inherit (chosen.package) version;
    extension = name;
    names = lib.concatLines sql;
    inherit default;
    versions = lib.concatMapStrings (
      { package, sqlVersion, ... }: "${sqlVersion}\t${lib.getOutput "out" package}\n"
    ) versions;
    aliases = lib.concatLines aliases;
    meta = builtins.intersectAttrs {
      description = null;
      homepage = null;
      license = null;
      platforms = null;
    } chosen.package.meta;
  }
  ''
    bash ${./side-by-side.sh}
  ''
