#!/usr/bin/env bash
# What --data of migration-test takes besides `own-data.sh`: clusters of other locales and encodings, dumps in each format, a
# running server; and what it refuses. Prints `ok: ` and what was tried.
set -o errexit -o nounset -o pipefail

work=$1 tool=$2 old_name=$3 new_name=$4 old=$5
sockets=$(TMPDIR=/tmp mktemp -d /tmp/own-sources.XXXXXX)
mkdir "$work"
cleanup() {
  "$old/bin/pg_ctl" stop --silent --mode=fast --pgdata="$work/icu" 2>/dev/null || true
  rm -rf -- "$sockets" "$work"
}
trap cleanup EXIT

run() { # STATUS WORDS arguments…
  local wanted=$1 words=$2 status=0
  shift 2
  "$tool" "$old_name" "$new_name" "$@" --directory "$work" >"$sockets/said" 2>&1 || status=$?
  if ((status != wanted)) || ! grep -qF "$words" "$sockets/said"; then
    echo "NOT: $*: $status" >&2
    tail -n 20 "$sockets/said" >&2
    exit 1
  fi
  echo "ok: $words: $*"
}

init() { # NAME [options]
  local name=$1
  shift
  "$old/bin/initdb" --pgdata="$work/$name" --username="the owner" --auth=trust --no-sync --no-instructions "$@" >/dev/null
}
init icu --encoding=UTF8 --locale-provider=icu --icu-locale=de --locale=C.UTF-8 --wal-segsize=4
init latin1 --encoding=LATIN1 --locale=C --data-checksums
for method in link pg_dumpall logical; do
  for name in icu latin1; do
    run 0 "nothing differs" "$method" --data "$work/$name" --user "the owner"
  done
done

"$old/bin/pg_ctl" start --silent --wait --pgdata="$work/icu" --log="$sockets/log" \
  --options="-c listen_addresses= -c unix_socket_directories=$sockets -c fsync=off"
export PGHOST=$sockets PGUSER="the owner" PGDATABASE="it's one"
"$old/bin/createdb" "$PGDATABASE"
"$old/bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 <<'SQL'
create table t (a integer primary key, b text);
insert into t values (1, E'a\nb'), (2, null);
SQL
"$old/bin/pg_dump" --create --file="$work/plain.sql"
"$old/bin/pg_dump" --format=custom --file="$work/custom"
"$old/bin/pg_dump" --format=directory --file="$work/directory"
"$old/bin/pg_dump" --format=tar --file="$work/tar"
"$old/bin/pg_dumpall" --file="$work/all.sql"
for source in custom directory tar; do
  run 0 "it's one.public.t " link --data "$work/$source"
done
for source in plain.sql all.sql; do
  # Owners are in these.
  run 0 "it's one.public.t " pg_dumpall --data "$work/$source" --user "the owner"
done
run 0 "it's one.public.t " pg_dumpall --data "postgresql:///postgres?host=$sockets&user=the%20owner" --user "the owner"
run 2 "a server (process" link --data "$work/icu" --user "the owner"
"$old/bin/pg_ctl" stop --silent --wait --mode=fast --pgdata="$work/icu"
run 2 "no data directory" link --data "$work/nothing"
run 2 "does not exist" link --data "$work/icu" --user nobody
run 2 "there is no method" copy --data "$work/icu"
run 2 "must end in .json or .html" link --report "$work/report.txt"
run 2 "cannot be written" link --report "$work/there/is/none.json"
