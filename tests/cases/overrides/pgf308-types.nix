{ openssl }:
old: {
  buildInputs = openssl;
  nativeBuildInputs = old.nativeBuildInputs ++ [ "cmake" ];
  makeFlags = old.makeFlags ++ "A=1";
  installFlags = "B=1";
  doCheck = "false";
  patches = [ "./patches/present.patch" ];
  postInstall = old.postInstall ++ ''
    touch x
  '';
  postPatch = [ "touch x" ];
  meta = "x";
  propagatedBuildInputs = old.buildInputs ++ openssl;
  checkInputs = old.buildInputs + [ openssl ];
}
