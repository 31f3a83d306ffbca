{ openssl }:
{
  versions."1.0" = old: { patches = old.patches ++ [ ../patches/a.patch ]; };
  default = finalAttrs: old: {
    buildInputs = old.buildInputs ++ [ openssl ];
    makeFlags = old.makeFlags ++ [ "VERSION=${finalAttrs.version}" ];
  };
}
