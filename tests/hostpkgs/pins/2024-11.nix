# nixpkgs of November 2024: too old. The function that builds extensions had another name.
let
  after = import ./2025-11.nix;
in
after
// {
  extensions = after.extensions // {
    builder = "buildPostgresqlExtension";
  };
}
