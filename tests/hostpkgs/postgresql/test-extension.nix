# postgresqlTestExtension: a cluster inside the build runs `sql`, then each assertion.
{
  lib,
  runCommand,
  postgresql,
}:
{
  finalPackage,
  withPackages ? [ ],
  postgresqlExtraSettings ? "",
  sql,
  asserts ? [ ],
  ...
}:
let
  server = postgresql.withPackages (ps: [ finalPackage ] ++ map (name: ps.${name}) withPackages);
in
runCommand "${finalPackage.name}-test"
  {
    inherit postgresqlExtraSettings sql;
    asserted = lib.concatMapStrings (a: ''
      do $test$ begin if not (${a.query}) = (${a.expected}) then raise 'failed: %', $d$${a.description}$d$; end if; end $test$;
    '') asserts;
    passAsFile = [
      "sql"
      "asserted"
      "postgresqlExtraSettings"
    ];
  }
  ''
    export PATH=${server}/bin:$PATH PGHOST=$TMPDIR PGDATA=$TMPDIR/data PGUSER=postgres
    initdb --username=postgres --auth=trust >/dev/null
    cat "$postgresqlExtraSettingsPath" >>"$PGDATA/postgresql.conf"
    pg_ctl start --wait --log="$TMPDIR/log" --options="-k $TMPDIR -c listen_addresses=" || { cat "$TMPDIR/log"; exit 1; }
    psql --no-psqlrc --set=ON_ERROR_STOP=1 --file="$sqlPath" --file="$assertedPath"
    pg_ctl stop --wait --mode=fast
    touch "$out"
  ''
