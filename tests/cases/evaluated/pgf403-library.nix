{ lib, openssl }:
old: {
  buildInputs = old.buildInputs ++ lib.optionnal true openssl;
}
