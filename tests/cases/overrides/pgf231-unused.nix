{ openssl }:
old: {
  # pgflakegen: allow PGF307 because it was once needed
  buildInputs = old.buildInputs ++ [ openssl ];
}
