#!/usr/bin/env bash
# What [server] of the catalogue says (tests/e2e/cluster), the program pg, and a server with another version of an
# extension. Not as root; Nix must be able to build for the user:
#   cluster.sh PG START-SERVER START-REPLICA NAME OTHER EXTENSION SQL-NAME VERSION
# NAME and OTHER are PostgreSQLs of the catalogue; EXTENSION has VERSION, which is not its default.
set -euo pipefail

if (($# != 8)); then
  echo "usage: cluster.sh PG START-SERVER START-REPLICA NAME OTHER EXTENSION SQL-NAME VERSION" >&2
  exit 2
fi
pg=$1 server=$2 replica=$3 name=$4 other=$5 extension=$6 sql=$7 version=$8
work=$(mktemp -d)
export TMPDIR=$work
unset XDG_RUNTIME_DIR PGPASSFILE PGPASSWORD PGHOST PGPORT PGUSER PGDATABASE
port=$((20000 + $$ % 10000))
second=$((port + 1))
was_run=/tmp/pgflakegen-e2e-was-run

clean_up() {
  local each
  kill $(jobs -p) 2>/dev/null || true
  for each in "$work"/pgflakegen-*/*; do
    "$server" --stop "${each##*/}" >/dev/null 2>&1 || true
  done
  rm -rf -- "$work"
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  exit 1
}

ends_with() { # STATUS MESSAGE COMMAND…: and says it
  local wanted=$1 message=$2 said status=0
  shift 2
  said=$("$@" 2>&1) || status=$?
  [[ $status == "$wanted" ]] || fail "$* ends with $status: $said"
  [[ $said == *"$message"* ]] || fail "$* said: $said"
}

ask() { # SQL [DATABASE]
  PGDATABASE=${2:-postgres} "$pg" psql -- --no-psqlrc -At --command="$1"
}

equal() { # WHAT FOUND WANTED
  [[ $2 == "$3" ]] || fail "$1 is '$2', not '$3'"
}

mkdir -p "$work/repository/below"
touch "$work/repository/flake.nix"
cd "$work/repository/below"

echo "== pg says what is wrong"
ends_with 0 "usage: pg COMMAND" "$pg" --help
ends_with 2 "usage: pg COMMAND" "$pg"
ends_with 2 "there is no command 'begin'" "$pg" begin
ends_with 2 "There are:" "$pg" start no-such-postgresql
ends_with 2 "pg stop has no option --follow" "$pg" stop --follow
ends_with 1 "no server of yours runs" "$pg" status
ends_with 1 "no server of yours of PostgreSQL $name runs" "$pg" status "$name"
ends_with 2 "no server of yours runs" "$pg" stop
ends_with 2 "no server of yours runs" "$pg" logs
ends_with 2 "no server of yours runs" "$pg" psql
ends_with 2 "there is no data directory" "$pg" reset --yes
[[ ! -e ../.pg ]] || fail "something was made"

echo "== what [server] says is made"
"$pg" start "$name" "$port"
equal "the data directory" "$(readlink "$work"/pgflakegen-*/"$port"/data)" "$work/repository/.pg/$name"
equal "what git sees" "$(cat ../.pg/.gitignore)" "*"
user="o'app \"\$(touch $was_run)\" \`id\` \\ é"
database="host=/nowhere dbname=postgres"
ask "select datname || ' of ' || pg_get_userbyid(datdba) from pg_database where not datistemplate order by 1" >"$work/found"
{
  echo "The shop's; drop table \"x\"; -- of $(ask 'select current_user')"
  echo "$database of $user"
  echo "postgres of $(ask 'select current_user')"
} | LC_ALL=C sort >"$work/wanted"
LC_ALL=C sort "$work/found" | diff - "$work/wanted" || fail "other databases"
equal "the user" "$(ask "select string_agg(rolname || ' ' || rolcreatedb || rolcanlogin || rolsuper, '|' order by rolname) from pg_roles where oid >= 16384")" "$user truetruefalse|readers; drop falsefalsefalse"
equal "its roles" "$(ask "select string_agg(r.rolname, ', ' order by r.rolname) from pg_auth_members m join pg_roles r on r.oid = roleid join pg_roles u on u.oid = member where u.rolcreatedb and not u.rolsuper")" "pg_read_all_data, readers; drop"
equal "what the script made" "$(ask 'select * from first' "$database")" "$database|[1,2]"
equal "extensions" "$(ask "select string_agg(extname, ' ' order by extname) from pg_extension" "$database")" "hstore plpgsql vector"
equal "extensions of postgres" "$(ask "select string_agg(extname, ' ' order by extname) from pg_extension")" "plpgsql semver"
equal "a setting" "$(ask 'show log_statement')" all
[[ $(ask 'show shared_preload_libraries') == *pg_prewarm* ]] || fail "pg_prewarm is not preloaded"
password="it's \\ \"\$(touch $was_run)\" :user {}"
equal "over TCP" "$(PGPASSWORD=$password PGUSER=$user PGHOST=localhost PGPORT=$port PGDATABASE=$database "$(readlink "$work"/pgflakegen-*/"$port"/bin)/bin/psql" --no-psqlrc --no-password -Atc "select 'let in'")" "let in"
ends_with 0 "statement:" "$pg" logs
if "$pg" logs | grep -qF "it's"; then fail "the password is in the log"; fi
[[ ! -e $was_run ]] || fail "a name was run"

echo "== pg finds it"
ends_with 0 "port $port	takes connections	$work/repository/.pg/$name" "$pg" status
ends_with 0 "port $port" "$pg" status "$name" "$port"
ends_with 1 "on port $second runs" "$pg" status "$second"
ends_with 0 "runs already, as port $port" "$pg" start "$name"
ends_with 2 "runs on $work/repository/.pg/$name already, on port $port" "$pg" start "$name" "$second"
"$replica" "$name" "$port" "$second" --daemonize
ends_with 0 "a replica" "$pg" status "$second"
# The one of this repository is meant.
equal "the primary" "$(ask 'select pg_is_in_recovery()')" f
"$pg" stop "$second"
cd /
ends_with 0 "port $port" "$pg" status
cd "$work/repository/below"
"$pg" stop
ends_with 1 "no server of yours runs" "$pg" status

echo "== data stays, and reset removes it"
"$pg" start "$name"
equal "the table" "$(ask 'select count(*) from first' "$database")" 1
ask 'drop table first' "$database"
ends_with 2 "say that it is meant: --yes" "$pg" reset "$name" </dev/null
"$pg" reset "$name" --yes
equal "what is left" "$(ls ../.pg)" ""
"$pg" start "$name"
equal "the table" "$(ask 'select count(*) from first' "$database")" 1
"$pg" stop
mkdir "$work/mine"
touch "$work/mine/file"
ends_with 2 "Nothing was removed" "$pg" reset --yes --datadir "$work/mine"
[[ -e $work/mine/file ]] || fail "a file is gone"

echo "== two of them, and in front"
set -m
"$pg" start "$other" "$second" --foreground >"$work/log" 2>&1 &
front=$!
set +m
for _ in {1..600}; do
  if "$pg" status "$other" "$second" >/dev/null 2>&1; then break; fi
  sleep 0.1
done
"$pg" start "$name" "$port"
equal "servers" "$("$pg" status | wc -l)" 2
equal "the other" "$(PGDATABASE=$database "$pg" psql "$other" -- -Atc 'select count(*) from first')" 1
ends_with 2 "runs in the foreground" "$pg" logs "$other"
kill -TERM -- "-$front"
wait "$front" || fail "in front it ends with $?"
"$pg" stop

echo "== a start that fails or is killed leaves nothing that would be served"
ends_with 2 "did not start" "$server" "$name" "$port" --daemonize --datadir "$work/new" -- -c no_such_setting=1
rm -rf "$work/new"
set -m
"$server" "$name" "$port" --datadir "$work/new" >"$work/log" 2>&1 &
starting=$!
set +m
for _ in {1..1200}; do
  # While initdb is at work, another number is there, with a minus.
  if grep -q '^[1-9]' "$work/new/postmaster.pid" 2>/dev/null && [[ -L $(echo "$work"/pgflakegen-*/"$port")/making ]]; then break; fi
  sleep 0.02
done
kill -KILL -- "-$starting"
kill -KILL "$(head -n 1 "$work/new/postmaster.pid")"
wait "$starting" 2>/dev/null || true
for _ in {1..300}; do
  if [[ $("$pg" status "$name" "$port" 2>&1) == *"no server of yours"* ]]; then break; fi
  sleep 0.1
done
ends_with 2 "is half made" "$server" "$name" "$port" --daemonize --datadir "$work/new"
rm -rf "$work/new"
set -m
"$server" "$name" "$port" --datadir "$work/new" >"$work/log" 2>&1 &
starting=$!
set +m
for _ in {1..1200}; do
  if [[ -L $(echo "$work"/pgflakegen-*/"$port")/making ]]; then break; fi
  sleep 0.05
done
kill -INT -- "-$starting"
wait "$starting" 2>/dev/null || true
[[ ! -e $work/new ]] || fail "Ctrl-C leaves half a data directory"

echo "== another version of an extension"
ends_with 2 "has no version '0.0.0' of $extension" "$server" "$name" "$port" --extension-version "$extension=0.0.0"
ends_with 2 "has no extension 'nothing'" "$server" "$name" "$port" --extension-version nothing=1
ends_with 2 "is no version of an extension" "$server" "$name" "$port" --extension-version "$extension"
"$server" "$name" "$port" --daemonize --extension-version "$extension=$version"
installed="select default_version from pg_available_extensions where name = '$sql'"
equal "$sql" "$(ask "$installed")" "$version"
"$server" --stop "$port"
# By its name in SQL.
"$server" "$name" "$port" --daemonize "--extension-version=$sql=$version"
equal "$sql" "$(ask "$installed")" "$version"
ask "create extension \"$sql\" cascade"
equal "$sql" "$(ask "select extversion from pg_extension where extname = '$sql'")" "$version"
"$server" --stop "$port"

echo "development servers are what the catalogue says"
