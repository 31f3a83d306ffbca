{
  lib,
  postgresql,
  stdenv,
}:
old:
lib.optionalAttrs stdenv.hostPlatform.isDarwin {
  # Crates of the wrappers look for libpq when they are linked.
  env = old.env or { } // {
    NIX_LDFLAGS = "-L${lib.getLib postgresql}/lib -lpq";
  };
}
