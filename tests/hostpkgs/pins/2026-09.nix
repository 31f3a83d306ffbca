# nixpkgs of September 2026: an extension was renamed, and one that was broken has been mended.
let
  before = import ./2026-07.nix;
in
before
// {
  extensions = before.extensions // {
    renamed = { };
    removed = before.extensions.removed // {
      pg_libversion = "has been renamed to `libversion`";
    };
    broken = major: {
      pg_ed25519 = major >= 16;
    };
  };
}
