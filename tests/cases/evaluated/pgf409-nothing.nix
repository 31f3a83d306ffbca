{ openssl }:
old: {
  strictDeps = true;
  makeFlags = [ "OPTFLAGS=" ];
  buildInputs = old.buildInputs ++ [ openssl ];
}
