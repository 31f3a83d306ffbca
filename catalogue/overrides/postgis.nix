{
  gdalMinimal,
  json_c,
  lib,
  libxml2,
  perl,
  postgresql,
}:
old: {
  configureFlags = old.configureFlags or [ ] ++ [
    "--with-pgconfig=${postgresql.pg_config}/bin/pg_config"
    "--with-gdalconfig=${gdalMinimal}/bin/gdal-config"
    "--with-jsondir=${lib.getDev json_c}"
    "--with-xml2config=${lib.getExe' (lib.getDev libxml2) "xml2-config"}"
  ];

  makeFlags = old.makeFlags or [ ] ++ [ "PERL=${lib.getExe perl}" ];

  # configure takes the headers and the library of json-c from one prefix.
  env = old.env or { } // {
    NIX_LDFLAGS = "-L${lib.getLib json_c}/lib";
  };
}
