{ openssl }:
old: {
  # pgflakegen: allow PGF307
  buildInputs = [ openssl ];
}
