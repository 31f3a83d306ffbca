{
  lib,
  openssl, # the reason for it
  curl,
  zlib,
}:
old: { x = lib; y = curl; }
