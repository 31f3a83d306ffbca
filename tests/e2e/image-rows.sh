#!/usr/bin/env bash
# The table of docs/images.md, row by row, each with real starts of the image under podman. As root:
# image-rows.sh IMAGE.tar.gz NAME
#
# Programs of the test's package set are links to the machine's own, whose /usr is therefore mounted as well.
set -euo pipefail

if (($# != 2)); then
  echo "usage: image-rows.sh IMAGE.tar.gz NAME" >&2
  exit 2
fi
image=localhost/postgresql-$2:latest
work=$(mktemp -d)
chmod 755 "$work"
# An own storage, whose overlays must not lie on another overlay.
pod=(podman --root "$work/storage" --runroot "$work/run" --runtime runc --cgroup-manager cgroupfs --log-level fatal)
clean_up() {
  "${pod[@]}" rm --all --force --time 0 --volumes >/dev/null 2>&1 || true
  umount "$work/storage/overlay" 2>/dev/null || true
  rm -rf -- "$work" || true
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  if [[ -e $work/log ]]; then tail -n 25 "$work/log" >&2; fi
  exit 1
}

row() {
  echo "== $*"
}

gzip -dc "$1" >"$work/image.tar"
"${pod[@]}" load --quiet --input "$work/image.tar" >/dev/null
rm "$work/image.tar"

common=(--network none --no-healthcheck --ulimit nofile=1024:1024 --ulimit nproc=4096:4096
  --volume /usr:/usr:ro --volume /lib:/lib:ro --volume /lib64:/lib64:ro --env POSTGRES_INITDB_ARGS=--no-sync)
number=0

# Sets options to what comes before `--`, and words to what comes after it.
split() {
  options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  words=("${@:2}")
}

# Runs the image to its end. Options for podman come before `--`, what comes after the image's name behind it.
run() { # [OPTIONS] -- [ARGUMENTS]
  local options words
  split "$@"
  "${pod[@]}" run --rm "${common[@]}" "${options[@]}" "$image" "${words[@]}" </dev/null >"$work/log" 2>&1
}

says() { # TEXT
  grep -qF -e "$1" "$work/log" || fail "it does not say '$1'"
}

refused() { # TEXT [OPTIONS] -- [ARGUMENTS]
  local text=$1
  shift
  if run "$@"; then fail "it ended well"; fi
  says "$text"
}

# Starts the image and waits until it serves; `ask` asks it, and `stop` stops it.
start() { # [OPTIONS] -- [ARGUMENTS]
  local options words
  split "$@"
  number=$((number + 1))
  name=row$number
  : >"$work/log"
  "${pod[@]}" run --name "$name" "${common[@]}" "${options[@]}" "$image" "${words[@]}" </dev/null >"$work/log" 2>&1 &
  client=$!
  for _ in {1..900}; do
    if sed '1,/The database is ready/d' "$work/log" | grep -q 'ready to accept connections'; then return; fi
    if grep -q 'ready to accept connections' "$work/log" && [[ -n ${second_start:-} ]]; then return; fi
    kill -0 "$client" 2>/dev/null || fail "it ended"
    sleep 0.1
  done
  fail "it does not serve"
}

inside() { # COMMAND…
  "${pod[@]}" exec "$name" "$@" </dev/null
}

ask() { # SQL [psql arguments]
  local sql=$1
  shift
  inside psql --no-psqlrc -At -w -U postgres -c "$sql" "$@"
}

is() { # WANTED GOT
  [[ $2 == "$1" ]] || fail "it is '$2', not '$1'"
}

stop() {
  "${pod[@]}" stop --time 60 "$name" >/dev/null
  wait "$client" || fail "it ended with $?"
  "${pod[@]}" rm --volumes "$name" >/dev/null
}

init='' data='' wal='' folders=0
# A directory of the host; what is in it is for everybody to read.
folder() { # NAME: sets $NAME
  local -n made=$1
  folders=$((folders + 1))
  made=$work/$1$folders
  mkdir "$made"
}

row "POSTGRES_HOST_AUTH_METHOD: trust is for localhost as well"
start --env POSTGRES_HOST_AUTH_METHOD=trust --
is 1 "$(ask 'select 1' -h 127.0.0.1)"
says "everybody who reaches the port"
stop

row "scram on every host address, trust on the socket; options of initdb in quotes; PGPORT, PGHOST and others; init scripts see the variables"
folder init
cat >"$init/10-seen.sh" <<'SH'
#!/bin/bash
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" -c "create table seen as select '$PGDATA'::text as pgdata, '$PG_MAJOR'::int as major"
SH
chmod +x "$init/10-seen.sh"
cat >"$init/2-sourced.sh" <<'SH'
if [ "$NOT_SET" ]; then exit 1; fi
docker_process_sql <<<"create table by_function ()"
"${psql[@]}" --dbname template1 <<<"create table in_template ()"
echo "work_mem = '7MB'" >>"$PGDATA/postgresql.conf"
pg_ctl --pgdata="$PGDATA" --mode=fast --wait restart >/dev/null
SH
echo "create table by_xz ()" | xz >"$init/3.sql.xz"
echo "create table by_zst ()" | zstd --quiet >"$init/4.sql.zst"
echo "create table by_gz ()" | gzip >"$init/5.sql.gz"
echo "select pg_create_logical_replication_slot('s', 'pgoutput')" >"$init/6.sql"
start --volume "$init":/docker-entrypoint-initdb.d:ro --env POSTGRES_PASSWORD=secret --env PGPORT=5433 --env PGHOST=127.0.0.1 \
  --env PGSERVICE=nosuch --env PGOPTIONS='-c statement_timeout=1h' --env PGREQUIREAUTH=none --env PGSSLMODE=verify-full --env PGDATABASE=nosuch \
  --env POSTGRES_INITDB_ARGS="--no-sync --lc-collate='C' \"--lc-ctype=C\"" \
  -- postgres -c wal_level=logical -c unix_socket_directories=/run/postgresql,/tmp
client_environment=(env --unset=PGSERVICE --unset=PGOPTIONS --unset=PGREQUIREAUTH --unset=PGSSLMODE --unset=PGDATABASE)
on_socket() { inside "${client_environment[@]}" "$@"; }
is C "$(on_socket psql -At -w -U postgres -h /run/postgresql -c "select datcollate from pg_database where datname = 'postgres'")"
tables="select string_agg(relname, ' ' order by relname collate \"C\") from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
is "by_function by_gz by_xz by_zst seen" "$(on_socket psql -At -w -U postgres -h /tmp -c "$tables")"
is "in_template" "$(on_socket psql -At -w -U postgres -h /tmp -d template1 -c "$tables")"
is "7MB logical" "$(on_socket psql -At -w -U postgres -h /tmp -c "select current_setting('work_mem') || ' ' || current_setting('wal_level')")"
is "scram-sha-256 scram-sha-256 scram-sha-256" "$(on_socket psql -At -w -U postgres -h /tmp -c "select string_agg(auth_method, ' ') from pg_hba_file_rules where type = 'host' and database = '{all}'")"
if on_socket psql -At -w -U postgres -h 127.0.0.1 -c 'select 1' 2>/dev/null; then fail "no password is wanted on localhost"; fi
is 1 "$(on_socket env PGPASSWORD=secret psql -At -w -U postgres -h 127.0.0.1 -c 'select 1')"
stop

row "scram on the socket, by POSTGRES_INITDB_ARGS; ICU, time zones, pg_dump, pg_isready, gosu"
folder init
echo "create table made ()" >"$init/a.sql"
start --volume "$init":/docker-entrypoint-initdb.d:ro --env POSTGRES_PASSWORD=secret --env POSTGRES_USER=owner --env POSTGRES_DB='a=b "c"' \
  --env POSTGRES_INITDB_ARGS="--no-sync --auth-local=scram-sha-256 --locale-provider=icu --icu-locale=de" -- -c work_mem=9MB
if inside psql -At -w -U owner -d template1 -c 'select 1' 2>/dev/null; then fail "no password is wanted on the socket"; fi
with_password() { inside env PGPASSWORD=secret PGUSER=owner PGDATABASE='a=b "c"' "$@"; }
is "1 9MB" "$(with_password psql -At -w -c "select count(*) || ' ' || current_setting('work_mem') from pg_class where relname = 'made'")"
is "13:00:00+01" "$(with_password psql -At -w -c "select to_char(timestamptz '2024-01-01 12:00+00' at time zone 'Europe/Berlin', 'HH24:MI:SS') || '+01'")"
is "de" "$(with_password psql -At -w -c "select coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') from pg_database as d where datname = 'template1'")"
with_password pg_dump | grep -q 'CREATE TABLE public.made' || fail "pg_dump"
inside pg_isready --quiet --host=127.0.0.1 || fail "pg_isready"
is 999 "$("${pod[@]}" exec --user root "$name" gosu postgres id -u)"
stop

row "POSTGRES_INITDB_ARGS with an open quote: said, nothing made"
folder data
chown 999 "$data"
refused "POSTGRES_INITDB_ARGS is not what" --env POSTGRES_PASSWORD=x --env POSTGRES_INITDB_ARGS="--lc-collate='C" --volume "$data":/var/lib/postgresql/data --
is "" "$(ls -A "$data")"

row "a failed first start leaves POSTGRES_INITDB_WALDIR empty"
folder init
folder wal
chown 999 "$wal"
echo 'select 1/0;' >"$init/a.sql"
refused "division by zero" --env POSTGRES_PASSWORD=x --env POSTGRES_INITDB_WALDIR=/wal --volume "$wal":/wal --volume "$data":/var/lib/postgresql/data --volume "$init":/docker-entrypoint-initdb.d:ro --
is "" "$(find "$wal" "$data" -mindepth 1)"
echo 'select 1;' >"$init/a.sql"
start --env POSTGRES_PASSWORD=x --env POSTGRES_INITDB_WALDIR=/wal --volume "$wal":/wal --volume "$data":/var/lib/postgresql/data --volume "$init":/docker-entrypoint-initdb.d:ro --
stop

row "what is complete is kept, and another command than the server's is run"
second_start=1
start --volume "$data":/var/lib/postgresql/data --volume "$wal":/wal --
is 1 "$(ask 'select 1')"
stop
second_start=''
run -- postgres --help && says "PostgreSQL server"
run -- --version && says "postgres (PostgreSQL)"
run -- bash -c 'id -u' && says 999
run -- psql --version && says "psql (PostgreSQL)"
run -- --help && says POSTGRES_INITDB_WALDIR

row "an init directory that cannot be read is an error, and nothing is made"
chmod 700 "$init"
folder data
chown 999 "$data"
refused "cannot read /docker-entrypoint-initdb.d" --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --volume "$init":/docker-entrypoint-initdb.d:ro --
is "" "$(ls -A "$data")"
chmod 755 "$init"
chmod 600 "$init/a.sql"
refused "Permission denied" --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --volume "$init":/docker-entrypoint-initdb.d:ro --
is "" "$(ls -A "$data")"

row "a directory that belongs to somebody else is refused; root gives it to postgres and steps down"
folder data
refused "start once with --user root" --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --
printf 'secret of root\n' >"$work/password"
chmod 600 "$work/password"
start --user root --env POSTGRES_PASSWORD_FILE=/password --volume "$work/password":/password:ro --volume "$data":/var/lib/postgresql/data --
is 999 "$(stat -c %u "$data/PG_VERSION")"
is 999 "$(inside stat -c %u /proc/1)"
is 1 "$(inside env PGPASSWORD='secret of root' psql -At -w -U postgres -h 127.0.0.1 -c 'select 1')"
stop
refused "--cap-add SETUID" --user root --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --

row "another user, with and without a group; no capabilities; a read-only image"
folder data
chown 1000:1000 "$data"
start --user 1000:1000 --cap-drop ALL --security-opt no-new-privileges --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --
is 1 "$(ask 'select 1')"
stop
start --user 123456 --env POSTGRES_PASSWORD=x --env PGDATA=/var/lib/postgresql/data/mine --
is "123456" "$(inside stat -c %u /var/lib/postgresql/data/mine)"
stop
refused "--tmpfs /run/postgresql" --read-only --read-only-tmpfs=false --env POSTGRES_PASSWORD=x --
start --read-only --read-only-tmpfs=false --tmpfs /run/postgresql:mode=1777 --tmpfs /tmp --env POSTGRES_PASSWORD=x --
is 1 "$(ask 'select 1')"
stop

row "an entrypoint that sources this one, as one of the official image's would"
folder init
cat >"$init/start.sh" <<'SH'
#!/usr/bin/env bash
set -Eeo pipefail
source "$(command -v docker-entrypoint.sh)"
docker_setup_env
docker_create_db_directories
if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
  docker_verify_minimum_env
  docker_init_database_dir
  pg_setup_hba_conf "$@"
  docker_temp_server_start "$@" -c max_locks_per_transaction=256
  docker_setup_db
  docker_process_init_files /always/sql/*
  docker_temp_server_stop
fi
echo "The database is ready."
exec postgres "$@"
SH
chmod +x "$init/start.sh"
mkdir "$init/sql"
echo "create table always ()" >"$init/sql/a.sql"
start --volume "$init":/always:ro --entrypoint /always/start.sh --env POSTGRES_PASSWORD=x --env POSTGRES_DB=shop -- -c unix_socket_directories=/run/postgresql
is 1 "$(ask "select count(*) from pg_class where relname = 'always'" -d shop)"
stop

row "a volume of another major: what to type"
folder data
echo 9.6 >"$data/PG_VERSION"
chown -R 999 "$data"
refused "docker exec old pg_dumpall" --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data --

row "stopped in the middle of the first start, by each signal: the volume is empty"
folder init
echo "select pg_sleep(60)" >"$init/a.sql"
for signal in INT TERM QUIT; do
  folder data
  number=$((number + 1))
  name=row$number
  chown 999 "$data"
  : >"$work/log"
  "${pod[@]}" run --name "$name" "${common[@]}" --env POSTGRES_PASSWORD=x --volume "$data":/var/lib/postgresql/data \
    --volume "$init":/docker-entrypoint-initdb.d:ro "$image" </dev/null >"$work/log" 2>&1 &
  client=$!
  for _ in {1..600}; do
    if grep -q 'running /docker' "$work/log"; then break; fi
    sleep 0.1
  done
  "${pod[@]}" kill --signal "$signal" "$name" >/dev/null
  if wait "$client"; then fail "it ended well"; fi
  is "" "$(ls -A "$data")"
  "${pod[@]}" rm --volumes "$name" >/dev/null
done
echo "every row is as docs/images.md says"
