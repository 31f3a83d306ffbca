{ openssl }:
old: {
  buildInputs = old.buildInputs ++ [ openssl ]
  doCheck = true;
  env.A = "1"
}
