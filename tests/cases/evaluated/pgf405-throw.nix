{ lib, postgresql }:
old: {
  makeFlags =
    if lib.versionOlder postgresql.version "17" then
      throw ''
        ${old.pname} needs
        PostgreSQL 17''
    else
      old.makeFlags ++ [ "A=1" ];
}
