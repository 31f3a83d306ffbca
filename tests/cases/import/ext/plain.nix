{ lib, stdenv, fetchFromGitHub, postgresql, curl, perl }:

stdenv.mkDerivation rec {
  pname = "plain";
  version = "1.2";

  src = fetchFromGitHub {
    owner = "someone";
    repo = pname;
    rev = "refs/tags/v${version}";
    sha256 = "1ssz0xy1sk55fr27ckwja86qjyl67avr5dm9fx0b6whlr7c5pzmp";
  };

  nativeBuildInputs = [ perl ];
  buildInputs = [ curl postgresql ];
  makeFlags = [ "A=1" ];

  buildPhase = "make USE_PGXS=1";

  installPhase = ''
    mkdir -p $out/{lib,share/postgresql/extension}
    cp *.so $out/lib
    cp *.sql *.control $out/share/postgresql/extension
  '';

  meta = with lib; {
    description = "Does something.";
    homepage = "https://github.com/${src.owner}/${pname}";
    license = licenses.mit;
    platforms = postgresql.meta.platforms;
    broken = versionOlder postgresql.version "15" || versionAtLeast postgresql.version "18";
  };
}
