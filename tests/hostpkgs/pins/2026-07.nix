# nixpkgs of July 2026, which catalogue/flake.toml pins: environments are made of a function of their final
# attributes, and PostgreSQL's package set follows `overrideAttrs`.
{
  buildEnv = "function";
  followsOverrideAttrs = true;
  # Refusals: "because it has problems: - broken: …".
  problems = true;

  aliases.xxHash = {
    package = "xxhash";
    warning = "'xxHash' has been renamed to 'xxhash'";
  };
  renamed = { };

  extensions = {
    renamed.pg_libversion = "libversion";
    removed.plv8 = "has been removed due to depending on the insecure NodeJS 20";
    broken = major: {
      pg_ed25519 = major >= 16;
      sqlite_fdw = major >= 18;
    };
    insecure = { };
  };
}
