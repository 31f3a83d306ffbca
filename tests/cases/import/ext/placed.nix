{
  fetchFromGitHub,
  lib,
  postgresql,
  postgresqlBuildExtension,
}:

postgresqlBuildExtension (finalAttrs: {
  pname = "placed";
  version = "0.5";

  src = fetchFromGitHub {
    owner = "someone";
    repo = "placed";
    tag = finalAttrs.version;
    hash = "sha256-vFn7sNphOYyig6Jl1HILMaC2t9strFQBQ8ywL8Ibx1M=";
  };

  sourceRoot = "${finalAttrs.src.name}/inner";
  dontConfigure = true;

  makeFlags = [
    "BINDIR=${placeholder "out"}/bin"
    "pkglibdir=${placeholder "out"}/lib"
    "DESTDIR="
    "X=1"
  ];

  postPatch = lib.optionalString (lib.versionOlder postgresql.version "14") ''
    rm old.c
  '';

  meta = {
    description = "Placed where it belongs";
    homepage = "https://example.org/placed";
    license = lib.licenses.bsd2;
    broken = lib.warnIf (finalAttrs.version != "0.5") "still?" (lib.versionAtLeast postgresql.version "18");
  };
})
