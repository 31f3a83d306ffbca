{
  lib,
  stdenv,
  buildPgrxExtension_0_12_6,
  cargo,
  fetchgit,
  openssl,
  pkg-config,
  postgresql,
}:

buildPgrxExtension_0_12_6 rec {
  inherit postgresql;

  pname = "crates";
  version = "0.3.0";

  src = fetchgit {
    url = "https://git.example.org/crates.git";
    rev = "refs/tags/v${version}";
    hash = "sha256-YdKpOEiDIz60xE7C+EzpYjBcH0HabnDbtZl23CYls6g=";
  };

  nativeBuildInputs = [
    cargo
    pkg-config
  ];
  buildInputs = [
    openssl
    postgresql
  ];

  OPENSSL_NO_VENDOR = 1;
  CARGO = "${cargo}/bin/cargo";

  env = lib.optionalAttrs stdenv.isDarwin {
    POSTGRES_LIB = "${postgresql}/lib";
  };

  cargoLock = {
    lockFile = ./Cargo.lock;
    outputHashes."some-1.0.0" = "sha256-0zmoUo/GLyCKDLkpBsnLAyGs1xz6cubJhn+eVqMEMaw=";
  };

  buildAndTestSubdir = "inner";
  buildFeatures = [ "pg17" "extra" ];
  doCheck = false;

  meta = with lib; {
    description = "Crates";
    homepage = "https://example.org/crates";
    license = licenses.asl20;
  };
}
