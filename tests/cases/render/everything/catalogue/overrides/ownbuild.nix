{
  stdenv,
  src,
  version,
}:
stdenv.mkDerivation {
  pname = "ownbuild";
  inherit src version;
}
