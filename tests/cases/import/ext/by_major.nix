{ lib, stdenv, fetchFromGitHub, postgresql, libkrb5 }:
let
  source =
    {
      "17" = {
        version = "17.1";
        hash = "sha256-9St/ESPiFq2NiPKqbwHLwkIyATKUkOGxFcUrWgT+Iqo=";
      };
      "15" = {
        version = "1.7.1";
        hash = "sha256-emwoTowT7WKFX0RQDqJXjIblrzqaUIUkzqSqBCHVKQ8=";
      };
    }
    .${lib.versions.major postgresql.version} or (throw "not for PostgreSQL ${postgresql.version}");
in
stdenv.mkDerivation {
  pname = "by_major";
  inherit (source) version;

  src = fetchFromGitHub {
    owner = "someone";
    repo = "by_major";
    rev = source.version;
    hash = source.hash;
  };

  buildInputs = [ libkrb5 postgresql ];
  makeFlags = [ "USE_PGXS=1" ];

  meta = {
    description = "A version for each PostgreSQL";
    homepage = "https://example.org";
    license = lib.licenses.postgresql;
  };
}
