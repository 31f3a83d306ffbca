{ openssl }:
old: {
  nativeBuildInput = [ openssl ];
  postpatch = "";
  MY_VARIABLE = "1";
  dontFixupp = true;
}
