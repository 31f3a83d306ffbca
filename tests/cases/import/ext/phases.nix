{ lib, stdenv, fetchurl, postgresql, callPackage, perl, pkg-config, libxml2 }:
with lib;
let
  helper = callPackage ./lib/helper.nix { inherit postgresql; };
  folder = "share/postgresql";
in
stdenv.mkDerivation rec {
  name = "phases-${version}";
  version = "3.1";

  src = fetchurl {
    url = "mirror://sourceforge/phases/${version}/${name}.tar.gz";
    sha256 = "sha256-miohnaAFoXMKOdGVmhx87GGbHvsAm2W+gP/CW60pkGg=";
  };

  nativeBuildInputs = [ pkg-config perl ];
  buildInputs = [ libxml2 helper postgresql ];

  configureFlags = [ "--without-doc" "--with-helper=${helper}" ];
  dontDisableStatic = true;

  preConfigure = ''
    export HELPER=${getBin helper}/bin/helper
    export ROOT=$out/${folder}
  '';

  postInstall = optionalString stdenv.isLinux ''
    rm $out/${folder}/README-${version}
  '';

  meta = {
    description = ''
      phases is a way to do things. It has
      two lines.
    '';
    homepage = "https://example.org/phases";
    license = licenses.gpl2;
    broken = postgresql.jitSupport;
  };
}
