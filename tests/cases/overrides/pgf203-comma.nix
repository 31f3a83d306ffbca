{ lib openssl }:
old: {
  buildInputs = old.buildInputs ++ [ openssl, lib ];
}
