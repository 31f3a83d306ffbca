{ stdenv, postgresql, src, version }:
stdenv.mkDerivation (finalAttrs: {
  pname = "example";
  inherit version src;

  passthru.tests.upgrade = stdenv.mkDerivation {
    name = "example-upgrade-test";
    nativeBuildInputs = [ postgresql finalAttrs.finalPackage ];
    buildCommand = "touch $out";
  };
})
