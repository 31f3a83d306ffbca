# shellcheck shell=bash disable=SC2154
# After the server has started, as root: gives the role its password, and ends what an upgrade has begun. The password
# is what user-data has brought to GIVEN (plain, or as PostgreSQL stores it: SCRAM-SHA-256$…); where there is none, one
# is generated, once for a data volume. It stands in KEPT, for root alone, in no log and in no list of processes.

umask 077
readonly role=${PGFLAKEGEN_ROLE:?}
readonly given=${PGFLAKEGEN_PASSWORD_GIVEN:-/run/pgflakegen/password}
readonly kept=$clusters/password
readonly datadir=${PGFLAKEGEN_DATADIR:?}

sql() { # [psql arguments]
  runuser -u "$account" -- "${PGFLAKEGEN_BIN:?}/bin/psql" --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 --host="${PGFLAKEGEN_SOCKETS:-/run/postgresql}" --port="${PGFLAKEGEN_PORT:-5432}" \
    --username="$account" "$@"
}

# The server may have been started without systemd's being told when it is ready.
for ((waited = 0; waited < 600; waited++)); do
  if sql --dbname=postgres --command='select 1' >/dev/null 2>&1; then
    break
  fi
  sleep 0.5
done

if [[ -e $datadir/.pgflakegen-upgraded ]]; then
  databases=$(sql --dbname=postgres --command='select datname from pg_database where datallowconn order by 1')
  while IFS= read -r database; do
    sql --dbname="dbname='${database//[\'\\]/\\&}'" <<'SQL' || note "an extension in $database is not updated"
select format('alter extension %I update', name) from pg_available_extensions
where installed_version <> default_version order by name
\gexec
SQL
  done <<<"$databases"
  runuser -u "$account" -- "$PGFLAKEGEN_BIN/bin/vacuumdb" --all --analyze-in-stages \
    --host="${PGFLAKEGEN_SOCKETS:-/run/postgresql}" --port="${PGFLAKEGEN_PORT:-5432}" --username="$account" >/dev/null
  rm "$datadir/.pgflakegen-upgraded"
  note 'extensions and statistics are of the new version'
fi

password=''
if [[ -s $given ]]; then
  IFS= read -r password <"$given" || true
  where='user-data'
elif [[ -s $kept ]]; then
  exit 0
else
  password=$(head -c 24 /dev/urandom | base64 --wrap=0 | tr '+/' '-_')
  where=$kept
fi
if [[ -z $password ]]; then
  die "the first line of $given is empty"
fi
quoted=${password//\\/\\\\}
quoted=${quoted//\'/\\\'}
# Nothing that looks at statements sees this one. Of these settings an extension may know none.
sql --dbname=postgres --set=role="$role" >/dev/null <<SQL
\\set ON_ERROR_STOP 0
set log_statement = 'none';
set log_min_duration_statement = -1;
set log_min_error_statement = 'panic';
set pgaudit.log = 'none';
set pg_stat_statements.track = 'none';
set pg_stat_monitor.pgsm_track = 'none';
\\set ON_ERROR_STOP 1
\\set password '$quoted'
select format('create role %I superuser login', :'role') where not exists (select from pg_roles where rolname = :'role')
\\gexec
alter role :"role" password :'password';
SQL
printf '%s\n' "$password" >"$kept.new"
sync "$kept.new"
mv "$kept.new" "$kept"
rm -f "$given"
note "the password of $role is from $where"
