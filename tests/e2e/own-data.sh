#!/usr/bin/env bash
# Makes a data directory as somebody could have one: with every extension that OLD and all of NEW have, each with data or
# with what uses it (own-data.sql), the test data of migrations, and all of planted.sql, in a database of its own; its
# superuser has an odd name, and there is no database postgres. Prints how many extensions it has.
set -o errexit -o nounset -o pipefail

if ((EUID == 0)); then
  echo "PostgreSQL refuses to run as root" >&2
  exit 2
fi
datadir=$1 superuser=$2 here=$3 old=$4
shift 4

work=$(TMPDIR=/tmp mktemp -d /tmp/own-data.XXXXXX)
cleanup() {
  "$old/bin/pg_ctl" stop --silent --mode=fast --pgdata="$datadir" 2>/dev/null || true
  rm -rf -- "$work"
}
trap cleanup EXIT

"$old/bin/initdb" --pgdata="$datadir" --username="$superuser" --encoding=UTF8 --locale=C.UTF-8 --auth=trust \
  --no-sync --no-instructions --data-checksums >/dev/null
libraries=''
for library in pg_stat_statements pgaudit pg_hint_plan; do
  for build in "$old" "$@"; do
    [[ -e $build/lib/$library.so || -e $build/lib/postgresql/$library.so ]] || continue 2
  done
  libraries+=${libraries:+,}$library
done
"$old/bin/pg_ctl" start --silent --wait --pgdata="$datadir" --log="$work/log" --options="-c listen_addresses= \
  -c unix_socket_directories=$work -c fsync=off -c wal_level=logical -c shared_preload_libraries=$libraries"

sql() { # DATABASE [options]
  local database=$1
  shift
  PGHOST=$work PGUSER=$superuser PGDATABASE=$database PGOPTIONS='-c client_min_messages=warning' \
    "$old/bin/psql" --no-psqlrc --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 "$@"
}

# Writes each part of a file below a line that begins so to a file of $work/parts; sets names.
split() { # FILE BEGINNING
  rm -rf "$work/parts"
  mkdir "$work/parts"
  : >"$work/parts/names"
  awk -v "folder=$work/parts" -v "begin=$2" '
    index($0, begin) == 1 { n++; print substr($0, length(begin) + 1) >(folder "/names") } n { print >(folder "/" n) }' "$1"
  mapfile -t names <"$work/parts/names"
}

readonly own="one's \"own\""
sql postgres --set=name="$own" <<<'create database :"name";'
sql "$own" --command="create schema kept" \
  --command="create table kept.keys as select n as id from generate_series(1, 100) as n" \
  --command="alter table kept.keys add primary key (id)"
# What a report shows as text.
sql "$own" --command='create table kept."<script>alert(1)</script>" ()'
# Enough that copies and links take different room.
sql "$own" --command="create table kept.many as select n, repeat(md5(n::text), 8) as body from generate_series(1, 400000) as n"
split "$here/own-data.sql" '-- extension: '
without='' count=1
for at in "${!names[@]}"; do
  name=${names[at]}
  for build in "$old" "$@"; do
    if [[ ! -e $build/share/postgresql/extension/$name.control ]]; then
      without+=" $name"
      continue 2
    fi
  done
  sql "$own" --set=name="$name" <<<'create extension if not exists :"name" cascade;'
  sql "$own" --file="$work/parts/$((at + 1))" >/dev/null || { echo "own-data.sql: $name" >&2; exit 1; }
  count=$((count + 1))
done

for file in data names; do
  sql "$own" --file="$here/migrations/$file.sql" >/dev/null
done
split "$here/planted.sql" '-- planted: '
for at in "${!names[@]}"; do
  # pg_upgrade takes no tablespace that is within the data directory; of an index
  # that is gone none can be invalid; a dump has what was taken from an extension twice; what is prepared stops it.
  case ${names[at]} in 'the tablespace of a table' | 'an index' | 'an object taken from an extension' | 'a prepared transaction') continue ;; esac
  sql "$own" --file="$work/parts/$((at + 1))" >/dev/null || { echo "planted.sql: ${names[at]}" >&2; exit 1; }
done
# Statistics, as a server that has run for a while has them.
sql "$own" --command="analyze"
sql template1 --command="drop database postgres"
"$old/bin/pg_ctl" stop --silent --wait --mode=fast --pgdata="$datadir"
echo "$count extensions; not there in all:${without:- none}"
