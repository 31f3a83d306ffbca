{ openssl }:
old: {
  # pgflakegen: allow PGF307 because the generated inputs are for another version
  buildInputs = [ openssl ];
  name = "x"; # pgflakegen: allow PGF316 because a test wants it
}
