#!/usr/bin/env bash
# A data directory is upgraded for real, and back; killed at many moments and around each rename, no row is lost, and there
# never are two halves. As root, who mounts what is too small or cannot be renamed, and then as a user who may run PostgreSQL:
#   upgrade-for-real.sh UPGRADE START-SERVER OLD NEW OLD-BIN NEW-BIN PLACE
set -euo pipefail

if [[ ${1:?} != --inside ]]; then
  if ((EUID == 0)); then
    if [[ ${1} != --mount ]]; then
      exec unshare --mount bash "$0" --mount "$@"
    fi
    shift
    mkdir "${7:?}"/{small,mounted,fast}
    mount -t tmpfs -o size=150m tmpfs "$7/small"
    mount --bind "$7/mounted" "$7/mounted"
    # Disks that others use as well would make most of its time.
    mount -t tmpfs -o size=2g tmpfs "$7/fast"
    chown nobody "$7" "$7"/*
    exec setpriv --reuid=nobody --regid=nogroup --clear-groups -- bash "$0" --inside "$@"
  fi
  exec bash "$0" --inside "$@"
fi
shift
upgrade=${1:?} server=${2:?} old=${3:?} new=${4:?} old_bin=${5:?} new_bin=${6:?} place=${7:?}/fast mounted=${7:?}/mounted small=${7:?}/small
readonly superuser='owner of; all ä'
export TMPDIR=$place/tmp
unset XDG_RUNTIME_DIR PGPASSFILE PGPASSWORD PGHOST PGPORT PGUSER PGDATABASE
mkdir "$TMPDIR" "$place/in" "$place/shots"
# What the data directory is called, and a link that leads to it.
data=$place/in/"it's my data"
ln -s "$data" "$place/link"
sockets=$(mktemp -d /tmp/upgrade-for-real.XXXXXX)
clean_up() {
  local file
  for file in "$place"/in/*/postmaster.pid "$place"/in/*/*/postmaster.pid; do
    [[ ! -e $file ]] || kill -QUIT "$(head -n 1 "$file")" 2>/dev/null || true
  done
  "$server" --stop >/dev/null 2>&1 || true
  rm -rf -- "$sockets"
}
trap clean_up EXIT

fail() {
  printf 'failed: %s\n' "$*" >&2
  tail -n 30 "$sockets/said" >&2 2>/dev/null || true
  exit 1
}
# ends_with STATUS WORDS COMMAND…: it ends with that status, and says that.
ends_with() {
  local wanted=$1 words=$2 status=0
  shift 2
  "$@" >"$sockets/said" 2>&1 || status=$?
  ((status == wanted)) || fail "$* ends with $status"
  grep -qF -- "$words" "$sockets/said" || fail "$* does not say: $words"
}
say() { printf 'ok: %s\n' "$*"; }
# Names, times and content of all there is.
sum() {
  (cd "$1" && { find . -printf '%p %T@ %m %l\n' | LC_ALL=C sort; find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum)
}
serve() { # BIN DATADIR
  "$1/bin/pg_ctl" start --silent --wait --pgdata="$2" --log="$sockets/log" \
    --options="-c listen_addresses= -c unix_socket_directories=$sockets" >/dev/null || { cat "$sockets/log"; fail "no server starts on $2"; }
}
stop() { "$1/bin/pg_ctl" stop --silent --wait --mode="${3:-fast}" --pgdata="$2"; }
sql() { # BIN SQL…
  local each options=()
  for each in "${@:2}"; do options+=(--command="$each"); done
  PGHOST=$sockets PGUSER=$superuser PGDATABASE=postgres "$1/bin/psql" --no-psqlrc --quiet --no-align --tuples-only \
    --set=ON_ERROR_STOP=1 "${options[@]}"
}
readonly question="select concat_ws(' ', count(*), sum(id), min(pair -> 'n'), max(similarity(what, 'abc')), max(name)) from kept"
# The rows are there, in this PostgreSQL; nothing is beside the data directory but what is named.
rows_are_in() { # BIN [BESIDE…]
  local got there
  there=$(ls "$place/in")
  [[ $there == "$(printf '%s\n' "${data##*/}" "${@:2}")" ]] || fail "there is: $there"
  serve "$1" "$data"
  got=$(sql "$1" "$question")
  stop "$1" "$data"
  [[ $got == "$wanted" ]] || fail "the rows are $got, and were $wanted"
}
readonly before_upgrade="${data##*/}.before-upgrade" after_upgrade="${data##*/}.after-upgrade"

# A server that lost its power: what is committed is in the write-ahead log only.
"$old_bin/bin/initdb" --pgdata="$data" --username="$superuser" --encoding=UTF8 --locale=C.UTF-8 --auth=trust --no-sync \
  --no-instructions --wal-segsize=4 >/dev/null
mkdir "$data/conf.d"
printf "work_mem = '5MB'\nvacuum_defer_cleanup_age = 5\ninclude_dir 'conf.d'\n" >>"$data/postgresql.conf"
printf "maintenance_work_mem = '7MB'\nmin_wal_size = 8MB\n" >"$data/conf.d/more.conf"
printf '# of my own\n' >>"$data/pg_hba.conf"
serve "$old_bin" "$data"
sql "$old_bin" "create extension hstore" "create extension pg_trgm" "create extension citext" \
  "create table kept as select id, repeat('abc', 1000) as what, hstore('n', id::text) as pair, 'N'::citext as name from generate_series(1, 1000) as id" \
  "create index on kept using gin (what gin_trgm_ops)" "alter system set log_statement = 'ddl'" "analyze"
wanted=$(sql "$old_bin" "$question")

ends_with 2 "a server (process" "$upgrade" "$new" --datadir "$data" --user "$superuser"
ends_with 2 "a server (process" "$upgrade" --back "$data"
stop "$old_bin" "$data" immediate
"$server" "$old" --datadir "$place/in/other" --daemonize >/dev/null 2>&1
ends_with 2 "start-server -- --stop" "$upgrade" "$new" --datadir "$place/in/other"
"$server" --stop >/dev/null 2>&1
say "a server that runs is refused, with what to type"

ends_with 2 "upgrade it (nix run .#upgrade -- $new --datadir '$place/in/other')" "$server" "$new" --datadir "$place/in/other"
rm -r "$place/in/other"
say "start-server says so"

was=$(sum "$data")
ends_with 0 "0 in the way" "$upgrade" "$new" --datadir "$place/link" --user "$superuser" --check
grep -q 'conf line.*does not know the setting vacuum_defer_cleanup_age' "$sockets/said" || fail "no word of the setting"
ends_with 2 "no data directory" "$upgrade" "$new" --datadir "$place/in/none"
ends_with 2 "the catalogue has" "$upgrade" 4711 --datadir "$data"
ends_with 2 "link" "$upgrade" "$old" "$new" logical --datadir "$data"
ends_with 2 "PostgreSQL has no way back" "$upgrade" "$new" "$old" --datadir "$data"
ends_with 2 "has not been upgraded" "$upgrade" --back "$data"
ends_with 0 "nothing is kept" "$upgrade" --forget "$data"
ends_with 0 "PostgreSQL $old, not upgraded" "$upgrade" --status "$data"
ends_with 2 "one of --datadir" "$upgrade" --status "$data" --back "$data"
cp --archive "$data" "$small/data"
ends_with 2 "that is too little" "$upgrade" "$new" --datadir "$small/data" --user "$superuser"
cp --archive "$data/." "$mounted"
ends_with 2 "root of a filesystem" "$upgrade" "$new" --datadir "$mounted" --user "$superuser"
cp --archive "$data" "$place/standby"
touch "$place/standby/standby.signal"
ends_with 2 "upgrade its primary" "$upgrade" "$new" --datadir "$place/standby"
mkdir "$data.upgrade"
touch "$data.upgrade/mine"
ends_with 2 "made by no upgrade" "$upgrade" "$new" --datadir "$data"
rm -r "$data.upgrade"
[[ $(sum "$data") == "$was" ]] || fail "what only looks has changed the data directory"
say "what cannot be upgraded is refused; --check and --status change nothing"

# Copies of the program: one that gives a picture of all there is before and after each rename, as a power cut leaves it; one
# whose upgrade loses something.
mkdir "$place/shadow"
cat >"$place/shadow/mv" <<SHADOW
#!$(command -v bash)
shot() { n=\$(ls "$place/shots" | wc -l); cp --archive "$place/in" "$place/shots/\$(printf %02d "\$n")"; }
if [[ "\$*" != *" $place/in/"* ]]; then exec "$(command -v mv)" "\$@"; fi
shot
"$(command -v mv)" "\$@"
shot
SHADOW
chmod 755 "$place/shadow/mv"
sed "0,/^export PATH=\"/s|^export PATH=\"|&$place/shadow:|" "$upgrade" >"$place/upgrade-pictured"
# shellcheck disable=SC2016
sed 's|^fingerprint new$|sql new "$home" --command="delete from kept where id = 7"; &|' "$upgrade" >"$place/upgrade-losing"
mkdir "$place/pictured" "$place/losing"
mv "$place/upgrade-pictured" "$place/pictured/upgrade"
mv "$place/upgrade-losing" "$place/losing/upgrade"
chmod 755 "$place"/{pictured,losing}/upgrade
grep -q "PATH=\"$place/shadow" "$place/pictured/upgrade" || fail "the program has no PATH"

ends_with 1 "things differ" "$place/losing/upgrade" "$new" --datadir "$data" --user "$superuser" --keep --report "$sockets/report.json"
grep -qF "new cluster is $data.upgrade/new" "$sockets/said" || fail "it does not say where the new one is"
jq --exit-status '.verdict == "different"' "$sockets/report.json" >/dev/null || fail "the report"
[[ $(sum "$data") == "$was" ]] || fail "the data directory is not what it was"
ends_with 1 "$data.upgrade" "$upgrade" --status "$data"
ends_with 0 "is as it was" "$upgrade" --back "$data"
say "where something differs the old one stays"

# Killed at moments that are spread evenly; the next one begins anew, whatever runs on. Alone, or with all it has started.
set -m
for moment in 0.4 1.2 2 2.8 3.6; do
  "$upgrade" "$new" --datadir "$data" --user "$superuser" >"$sockets/killed" 2>&1 &
  sleep "$moment"
  if [[ $moment == 2 ]]; then
    ends_with 2 "at work at this moment" "$upgrade" "$new" --datadir "$data" --user "$superuser"
    ends_with 1 "at work at this moment" "$upgrade" --status "$data"
    ends_with 2 "at work on $data at this moment" "$server" "$old" --datadir "$data"
  fi
  if [[ $moment == [02]* ]]; then kill -KILL -- "-$!"; else kill -KILL "$!"; fi 2>/dev/null || fail "it had ended within $moment s"
  wait "$!" 2>/dev/null || true
  [[ $(sum "$data") == "$was" ]] || fail "killed after $moment s, the data directory is not what it was"
done
set +m
say "killed five times before the renames, the data directory is what it was"

cd "$place/in"
ends_with 0 "is of PostgreSQL $new now" "$place/pictured/upgrade" "$new" --datadir "${data##*/}" --user "$superuser"
cd "$place"
[[ $(sum "$data.before-upgrade") == "$was" ]] || fail "what is kept is not what it was"
rows_are_in "$new_bin" "$before_upgrade"
serve "$new_bin" "$data"
got=$(sql "$new_bin" "select string_agg(setting, ' ' order by name) from pg_settings where name in ('work_mem', 'maintenance_work_mem', 'log_statement', 'wal_segment_size', 'data_checksums')")
[[ $got == "off ddl 7168 4194304 5120" ]] || fail "the settings are $got"
tail -n 1 "$data/pg_hba.conf" | grep -q 'of my own' || fail "pg_hba.conf is another"
ends_with 2 "a server (process" "$upgrade" --back "$data"
sql "$new_bin" "create table written_since ()"
stop "$new_bin" "$data"
ends_with 0 "upgraded from $old to $new by link on" "$upgrade" --status "$place/link"
grep -qF "$before_upgrade" "$sockets/said" || fail "no word of the way back"
ends_with 0 "nothing is left to do" "$upgrade" "$new" --datadir "$data"
say "link: all rows, and its settings"

ends_with 0 "$after_upgrade" "$place/pictured/upgrade" --back "$data"
[[ $(sum "$data") == "$was" ]] || fail "what is back is not what it was"
ends_with 2 "--forget" "$upgrade" "$new" --datadir "$data"
rows_are_in "$old_bin" "$after_upgrade"
ends_with 0 "$after_upgrade is gone" "$upgrade" --forget "$data"
say "--back: what it was, and what has been written since is aside until --forget"

# Each picture, as found after a power cut.
after_power_cut() { # PICTURE
  rm -rf -- "$place/in"
  cp --archive "$1" "$place/in"
}
middle=0
for picture in "$place"/shots/0[0-3]; do
  after_power_cut "$picture"
  status=0
  "$upgrade" --status "$data" >"$sockets/said" 2>&1 || status=$?
  ((status == 1)) || fail "--status ends with $status in $picture"
  if [[ ! -e $data ]]; then
    middle=$((middle + 1))
    ends_with 2 "in the middle of an upgrade" "$server" "$old" --datadir "$data"
    ends_with 2 "begin it anew" "$upgrade" --forget "$data"
    ends_with 0 "takes it now" "$upgrade" "$new" --datadir "$data" --user "$superuser"
    rows_are_in "$new_bin" "$before_upgrade"
    after_power_cut "$picture"
  fi
  ends_with 0 "is as it was" "$upgrade" --back "$data"
  [[ $(sum "$data") == "$was" ]] || fail "$picture: what is back is not what it was"
  rows_are_in "$old_bin"
done
((middle == 2)) || fail "$middle pictures of an upgrade are between two renames"
for picture in "$place"/shots/0[4-7]; do
  after_power_cut "$picture"
  "$upgrade" --status "$data" >"$sockets/said" 2>&1 || true
  if [[ ! -e $data ]]; then middle=$((middle + 1)); fi
  if [[ $picture == *7 ]]; then
    ends_with 2 "has not been upgraded" "$upgrade" --back "$data"
  else
    ends_with 0 "is as it was" "$upgrade" --back "$data"
  fi
  rows_are_in "$old_bin" "$after_upgrade"
done
((middle == 4)) || fail "$middle pictures are between two renames"
say "from before and after each rename, it goes on or back"

ends_with 0 "$after_upgrade is gone" "$upgrade" --forget "$data"
ends_with 0 "is of PostgreSQL $new now" "$upgrade" "$old_bin" "$new" pg_dumpall --datadir "$data" --user "$superuser"
ends_with 0 "$before_upgrade is gone" "$upgrade" --forget "$data"
rows_are_in "$new_bin"
ends_with 0 "none is kept" "$upgrade" --status "$data"
ends_with 2 "no way back is kept" "$upgrade" --back "$data"
say "pg_dumpall, from a store path, and the way back is forgotten"
