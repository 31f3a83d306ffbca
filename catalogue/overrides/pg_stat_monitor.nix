{ }:
{
  versions = {
    "1.0" = old: {
      # The Makefile chooses the SQL file by PostgreSQL's major version and knows none after 14.
      preBuild = old.preBuild or "" + ''
        cp pg_stat_monitor--1.0.14.sql.in pg_stat_monitor--1.0.sql
      '';
    };
  };
  default = _: { };
}
