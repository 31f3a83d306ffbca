# The one Rust extension that the catalogue takes from nixpkgs. Its source is not here: it evaluates only.
{
  lib,
  buildPgrxExtension,
  cargo-pgrx,
  fetchFromGitHub,
  postgresql,
}:
buildPgrxExtension (finalAttrs: {
  pname = "pgvectorscale";
  version = "0.9.0";
  src = fetchFromGitHub {
    owner = "timescale";
    repo = "pgvectorscale";
    tag = finalAttrs.version;
    hash = lib.fakeHash;
  };
  cargoHash = lib.fakeHash;
  doCheck = false;
  inherit cargo-pgrx postgresql;
  cargoPgrxFlags = [
    "-p"
    "vectorscale"
  ];
  meta = {
    description = "Stands for nixpkgs' pgvectorscale";
    homepage = "https://github.com/timescale/pgvectorscale";
    license = lib.licenses.postgresql;
    inherit (postgresql.meta) platforms;
  };
})
