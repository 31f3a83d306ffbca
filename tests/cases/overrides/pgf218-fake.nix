{ fetchurl, lib }:
old: {
  one = fetchurl { url = "https://example.org/1"; hash = lib.fakeHash; };
  two = fetchurl { url = "https://example.org/2"; hash = ""; };
  three = fetchurl { url = "https://example.org/3"; hash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; };
}
