# Extensions of the package set itself. Its revisions call some of them differently: of several names, the first
# that is there is taken. An alias is not there, so that the same is taken with and without `allowAliases`.
{
  adaptPgrx,
  lib,
  postgresql,
}:

postgresqlName: extension: names:

let
  known = postgresql.pkgs;

  # Names alone, without aliases. A recipe that cannot be asked for them has them all.
  withoutAliases =
    if (lib.functionArgs postgresql.override) ? self then
      (postgresql.override (old: {
        self = old.self // {
          config = old.self.config or { } // {
            allowAliases = false;
          };
        };
      })).pkgs
    else
      known;

  # A name may also stand for what says why it was removed.
  isThere =
    name:
    withoutAliases ? ${name}
    && known ? ${name}
    && (builtins.tryEval (lib.isDerivation known.${name})).value;

  found = lib.findFirst isThere null names;
in
if found != null then
  adaptPgrx known.${found}
else
  throw ''
    nixpkgs has no extension ${extension} for PostgreSQL ${postgresqlName} (${postgresql.version}): there is none called ${lib.concatStringsSep " or " names}.
    If it was renamed, add its name to `attr` in catalogue/extensions/${extension}.toml; if it is gone, write there why: broken = "…"
  ''
