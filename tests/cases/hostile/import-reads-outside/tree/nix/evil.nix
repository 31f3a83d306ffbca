{ lib, stdenv, fetchFromGitHub, postgresql }:
stdenv.mkDerivation rec {
  pname = "../../outside/evil";
  version = builtins.readFile ../../outside/secret.txt;
  src = fetchFromGitHub { owner = "a"; repo = "b"; rev = "v${version}"; hash = lib.fakeHash; };
  patches = [ ../../outside/secret.txt /etc/hostname ];
  cargoLock.lockFile = ../../outside/secret.txt;
  buildInputs = [ postgresql ];
  installPhase = builtins.readFile /etc/hostname;
}
