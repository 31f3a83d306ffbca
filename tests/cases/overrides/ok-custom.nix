{ lib, stdenv, fetchFromGitHub, postgresql, version, src }:
stdenv.mkDerivation (finalAttrs: {
  pname = "example";
  inherit version src;

  data = fetchFromGitHub {
    owner = "example";
    repo = "data";
    tag = "v${finalAttrs.version}";
    hash = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  };
  buildInputs = [ postgresql ];
  installPhase = ''
    runHook preInstall
    install -D *.so -t $out/lib
    runHook postInstall
  '';
  meta.license = lib.licenses.postgresql;
})
