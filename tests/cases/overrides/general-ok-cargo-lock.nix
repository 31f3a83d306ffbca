{ rustPlatform, fetchFromGitHub }:
rustPlatform.buildRustPackage {
  pname = "x";
  version = "1.0";
  src = fetchFromGitHub {
    owner = "o";
    repo = "r";
    tag = "v1.0";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  };
  cargoLock.lockFile = ./Cargo.lock;
  # nixpkgs does not read it here.
  cargoHash = "";
}
