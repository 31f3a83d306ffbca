#!/usr/bin/env bash
# The image of a PostgreSQL without a Docker engine: its configuration by value, and its entrypoint in a
# root directory made of its layers. As root: docker.sh IMAGE.tar.gz NAME
#
# Programs of the test's package set are links to the machine's own, which is therefore mounted as well.
set -euo pipefail

if (($# != 2)); then
  echo "usage: docker.sh IMAGE.tar.gz NAME" >&2
  exit 2
fi
image=$1 name=$2
work=$(mktemp -d)
container_pid=''
clean_up() {
  if [[ -n $container_pid ]]; then pkill -KILL -P "$container_pid" 2>/dev/null || true; fi
  rm -rf -- "$work"
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  exit 1
}

mkdir "$work/image" "$work/root"
tar -xzf "$image" -C "$work/image"
config=$work/image/$(jq -r '.[0].Config' "$work/image/manifest.json")
expect() { # JQ-FILTER VALUE
  local there
  there=$(jq -c "$1" "$config")
  [[ $there == "$2" ]] || fail "$1 is $there, not $2"
}
[[ $(jq -c '.[0].RepoTags' "$work/image/manifest.json") == "[\"postgresql-$name:latest\"]" ]] || fail "tag"
expect .config.User '"postgres"'
expect .config.Cmd '["postgres"]'
expect .config.StopSignal '"SIGINT"'
expect .config.ExposedPorts '{"5432/tcp":{}}'
expect .config.Volumes '{"/var/lib/postgresql/data":{}}'
expect '.config.Healthcheck.Test[0:2]' '["CMD","/bin/pg_isready"]'
expect '.config.Env | any(. == "PGDATA=/var/lib/postgresql/data")' true
expect '.config.Entrypoint | length' 1
expect .os '"linux"'

while read -r layer; do
  tar -xf "$work/image/$layer" -C "$work/root" --numeric-owner
done < <(jq -r '.[0].Layers[]' "$work/image/manifest.json")
[[ $(stat -c '%u:%g %a' "$work/root/var/lib/postgresql/data") == "999:999 1777" ]] || fail "owner of the volume"
[[ $(stat -c '%a' "$work/root/tmp") == 1777 ]] || fail "/tmp"

entrypoint=$(jq -r '.config.Entrypoint[0]' "$config")
mapfile -t environment < <(jq -r '.config.Env[]' "$config")
# A namespace of its own: mounts and network end with it.
container() { # NAME=VALUE… -- COMMAND…
  local extra=()
  while [[ $1 != -- ]]; do
    extra+=("$1")
    shift
  done
  shift
  # shellcheck disable=SC2016
  unshare --mount --net bash -c '
    set -euo pipefail
    root=$1
    shift
    ip link set lo up
    for directory in usr lib lib64 proc dev; do
      mkdir -p "$root/$directory"
      mount --rbind "/$directory" "$root/$directory"
    done
    exec chroot --userspec=999:999 "$root" "$@"
  ' container "$work/root" /usr/bin/env -i "${environment[@]}" "${extra[@]}" "$@"
}

echo "== without a password"
if container -- "$entrypoint" postgres >"$work/log" 2>&1; then fail "it started"; fi
grep -q POSTGRES_PASSWORD "$work/log" || fail "$(cat "$work/log")"

echo "== first start"
cat >"$work/root/docker-entrypoint-initdb.d/10-table.sql" <<'SQL'
create table made_by_sql as select 1 as one;
SQL
cat >"$work/root/docker-entrypoint-initdb.d/20-script.sh" <<'SH'
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command 'create table made_by_script ()'
SH
printf 'insert into made_by_sql values (2);' | gzip >"$work/root/docker-entrypoint-initdb.d/30-more.sql.gz"
printf 'secret "word'"'"'\n' >"$work/root/tmp/password"
# The server's own namespace of the network is where the questions are asked, too.
cat >"$work/root/tmp/test.sh" <<'SH'
set -euo pipefail
"$ENTRYPOINT" postgres -c log_connections=on &
server=$!
for _ in $(seq 600); do
  if pg_isready --quiet --host=127.0.0.1; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then exit 1; fi
  sleep 0.1
done
export PGPASSWORD="secret \"word'"
ask() { psql --no-psqlrc -At --username=owner --dbname=shop "$@"; }
echo "rows: $(ask --host=127.0.0.1 --command='select count(*) from made_by_sql, pg_class where relname = $$made_by_script$$')"
echo "preloaded: $(ask --command='show shared_preload_libraries')"
echo "connections: $(ask --command='show log_connections')"
if PGPASSWORD=wrong psql -At --host=127.0.0.1 --username=owner --dbname=shop --command='select 1' 2>/dev/null; then
  echo "a wrong password is taken"
fi
kill -INT "$server"
status=0
wait "$server" || status=$?
echo "status: $status"
SH
container POSTGRES_USER=owner POSTGRES_DB=shop POSTGRES_PASSWORD_FILE=/tmp/password POSTGRES_INITDB_ARGS=--data-checksums \
  "ENTRYPOINT=$entrypoint" -- /bin/bash /tmp/test.sh >"$work/log" 2>&1 || { cat "$work/log"; fail "first start"; }
for line in "rows: 2" "connections: on" "status: 0" "The database is ready."; do
  grep -qxF "$line" "$work/log" || { cat "$work/log"; fail "no line '$line'"; }
done
grep -q '^preloaded: .*pg_stat_statements' "$work/log" || { cat "$work/log"; fail "preloaded libraries"; }
if grep -q 'a wrong password is taken' "$work/log"; then fail "a wrong password is taken"; fi

echo "== second start, on the same volume, without a password"
container POSTGRES_USER=owner POSTGRES_DB=shop "ENTRYPOINT=$entrypoint" -- /bin/bash /tmp/test.sh >"$work/log" 2>&1 || { cat "$work/log"; fail "second start"; }
grep -qxF "rows: 2" "$work/log" || { cat "$work/log"; fail "the data of the first start"; }
if grep -q 'The database is ready' "$work/log"; then fail "made again"; fi

# The entrypoint as the first process of a container, which a signal reaches as `docker stop` sends it.
first_process() { # LOG: sets container_pid
  : >"$1"
  set -m
  # shellcheck disable=SC2016
  unshare --mount --net --pid --fork --kill-child bash -c '
    set -euo pipefail
    root=$1
    shift
    ip link set lo up
    for directory in usr lib lib64 dev; do
      mount --rbind "/$directory" "$root/$directory"
    done
    mount -t proc proc "$root/proc"
    exec chroot --userspec=999:999 "$root" "$@"
  ' container "$work/root" /usr/bin/env -i "${environment[@]}" POSTGRES_PASSWORD=x POSTGRES_INITDB_ARGS=--no-sync "$entrypoint" postgres -c fsync=off >"$1" 2>&1 &
  set +m
  container_pid=$!
}

until_true() { # COMMAND…
  for _ in {1..600}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  cat "$work/log"
  fail "waited in vain: $*"
}

says() { # TEXT
  grep -qF -e "$1" "$work/log"
}

# The server of the first start is ready, too.
serves() { says "The database is ready." && (($(grep -c "ready to accept connections" "$work/log") == 2)); }

# To the first process, which is unshare's child; unshare ends with it.
signal() { # SIGNAL
  pkill "-$1" -P "$container_pid"
  wait "$container_pid" 2>/dev/null || true
}

volume=$work/root/var/lib/postgresql/data
init=$work/root/docker-entrypoint-initdb.d
is_empty() { [[ -z $(ls -A "$volume") ]]; }
new_volume() {
  find "$volume" "$work/root/run/postgresql" "$init" -mindepth 1 -delete
}
# On a running server of the volume.
ask_again() { # SQL
  container "ENTRYPOINT=$entrypoint" "SQL=$1" -- /bin/bash -c '
    "$ENTRYPOINT" postgres >/tmp/log 2>&1 &
    for _ in $(seq 300); do
      if pg_isready --quiet; then break; fi
      sleep 0.1
    done
    psql -At --username=postgres --command="$SQL"
    kill -TERM $!
    wait'
}

echo "== stopped while an init file runs: as if it had never begun"
new_volume
echo "create table first_half (); select pg_sleep(60);" >"$init/a.sql"
echo "create table second_half ();" >"$init/b.sql"
first_process "$work/log"
until_true says "running /docker-entrypoint-initdb.d/a.sql"
signal INT
is_empty || fail "left behind: $(ls -A "$volume")"
first_process "$work/log"
until_true test -d "$volume/.first-start"
signal TERM
is_empty || fail "left behind: $(ls -A "$volume")"

echo "== killed while an init file runs: said, not served"
first_process "$work/log"
until_true says "running /docker-entrypoint-initdb.d/a.sql"
signal KILL
before=$(find "$volume" | sort)
if container POSTGRES_PASSWORD=x -- "$entrypoint" >"$work/log" 2>&1; then fail "it was served"; fi
says "half made" || fail "$(cat "$work/log")"
[[ $(find "$volume" | sort) == "$before" ]] || fail "something was changed"

echo "== killed in initdb, then whole"
new_volume
echo "create table first_half ();" >"$init/a.sql"
echo "create table second_half ();" >"$init/b.sql"
first_process "$work/log"
until_true test -d "$volume/.first-start/cluster/base"
signal KILL
first_process "$work/log"
until_true serves
signal INT
[[ $(ask_again "select count(*) from pg_class where relname like '%_half'") == 2 ]] || fail "half of it"

echo "== a slow shutdown of the first start is waited for"
new_volume
cat >"$init/z.sh" <<'SH'
checkpointer=$(psql -U postgres -Atc "create table complete(); select pid from pg_stat_activity where backend_type = 'checkpointer'" | tail -n 1)
kill -STOP "$checkpointer"
if [ ! -e /tmp/for-ever ]; then (sleep 3; kill -CONT "$checkpointer") </dev/null >/dev/null 2>&1 & fi
SH
first_process "$work/log"
until_true serves
signal INT
[[ $(ask_again "select count(*) from pg_class where relname = 'complete'") == 1 ]] || fail "it is gone"

echo "== killed in that shutdown, it is served"
find "$volume" "$work/root/run/postgresql" -mindepth 1 -delete
touch "$work/root/tmp/for-ever"
first_process "$work/log"
until_true says "received fast shutdown request"
signal KILL
[[ -e $volume/PG_VERSION ]] || fail "it is gone"
rm -f "$work/root/run/postgresql"/.s.*
[[ $(ask_again "select count(*) from pg_class where relname = 'complete'") == 1 ]] || fail "it is not served"

echo "== an init file that fails"
new_volume
echo "select 1/0;" >"$init/a.sql"
if container POSTGRES_PASSWORD=x -- "$entrypoint" >"$work/log" 2>&1; then fail "it started"; fi
says "division by zero" || fail "$(cat "$work/log")"
is_empty || fail "left behind: $(ls -A "$volume")"
rm "$init/a.sql"

echo "== a volume of another major"
echo 9 >"$volume/PG_VERSION"
if container "ENTRYPOINT=$entrypoint" -- "$entrypoint" >"$work/log" 2>&1; then fail "it started"; fi
grep -q 'is of PostgreSQL 9' "$work/log" || fail "$(cat "$work/log")"
echo "the image postgresql-$name:latest does what it should"
