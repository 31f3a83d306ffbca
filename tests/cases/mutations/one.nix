# Links against the system's OpenSSL and curl.
{
  lib,
  stdenv,
  openssl,
  curl,
  pkg-config,
  fetchpatch,
}:
old: {
  nativeBuildInputs = (old.nativeBuildInputs or [ ]) ++ [ pkg-config ];
  buildInputs = old.buildInputs ++ [
    openssl
    curl
  ];

  patches = (old.patches or [ ]) ++ [
    ./present.patch
    (fetchpatch {
      url = "https://example.org/fix.patch";
      hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    })
  ];

  makeFlags = old.makeFlags ++ lib.optionals stdenv.hostPlatform.isDarwin [
    "DARWIN=1"
  ];

  postPatch = ''
    substituteInPlace Makefile \
      --replace-fail "cc" "${stdenv.cc.targetPrefix}cc"
    echo "''${out}" $PWD
  '';

  env = (old.env or { }) // {
    NIX_CFLAGS_COMPILE = "-Wno-error";
  };

  enableParallelBuilding = true;
  doCheck = false;
}
