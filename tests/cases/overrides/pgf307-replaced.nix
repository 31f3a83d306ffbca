{ curl, lib, openssl }:
let
  inputs = [ openssl ];
in
old: {
  buildInputs = inputs;
  nativeBuildInputs = with lib; [ curl ] ++ optional true openssl;
  # keep this comment
  makeFlags = [ "A=1" ]; # and this one
  patches = [ ./patches/present.patch ];
}
