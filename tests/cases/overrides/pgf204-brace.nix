{ openssl }:
old: {
  env = {
    A = "1";

  buildInputs = old.buildInputs ++ [ openssl ];
}
