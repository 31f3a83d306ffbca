# nixpkgs of November 2025: environments are made of a set, and PostgreSQL's package set follows `override` only.
{
  buildEnv = "set";
  followsOverrideAttrs = false;
  # Refusals: "is marked as broken, refusing to evaluate".
  problems = false;

  # Names that are no longer what they were: a package that warns, or why there is none.
  aliases = { };
  # xxhash was still called xxHash.
  renamed.xxHash = "xxhash";

  extensions = {
    renamed.pg_libversion = "libversion";
    removed = { };
    broken = major: { };
    insecure.plv8 = [ "Depends on Node.js 20, which has reached its end of life" ];
  };
}
