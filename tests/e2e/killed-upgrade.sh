#!/usr/bin/env bash
# A machine's upgrade that is killed at many moments, as a power cut does it, and begun anew: nothing that was committed is
# lost, and it comes to its end. As root: killed-upgrade.sh OLD NEW OLD-BIN NEW-BIN PLACE TIMES
#
# OLD, NEW: what machines consist of (…/lib/systemd/system), of which NEW upgrades what OLD has made; BIN: their servers.
set -euo pipefail

if [[ ${1:?} != --inside ]]; then
  # PostgreSQL's account, which this machine need not have.
  exec unshare --mount --pid --fork --mount-proc --kill-child bash "$0" --inside "$@"
fi
shift
old=${1:?} new=${2:?} old_bin=${3:?} new_bin=${4:?} place=${5:?} times=${6:?}
cp /etc/passwd "$place/passwd"
sed -i '/^postgres:/d' "$place/passwd"
echo 'postgres:x:71:71:PostgreSQL:/nonexistent:/bin/sh' >>"$place/passwd"
mount --bind "$place/passwd" /etc/passwd
mkdir "$place/run"
mount --bind "$place/run" /run
mkdir /run/postgresql "$place/clusters" "$place/work"
chown 71:71 /run/postgresql "$place/clusters" "$place/work"

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}
as_postgres() { setpriv --reuid 71 --regid 71 --clear-groups -- "$@"; }

# start MACHINE UNIT KEY: its program, with what the unit says.
start() {
  local unit=$1/lib/systemd/system/$2.service settings program
  mapfile -t settings < <(sed -n 's/^Environment="\{0,1\}\([A-Z_]*=[^"]*\)"\{0,1\}$/\1/p' "$unit")
  program=$(sed -n "s/^$3=//p" "$unit")
  as_postgres env PGFLAKEGEN_CLUSTERS="$place/clusters" RUNTIME_DIRECTORY="$place/work" "${settings[@]}" "$program"
}
sql() { # BIN SQL
  as_postgres "$1/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host=/run/postgresql --username=postgres --dbname=postgres --command="$2"
}
serve() { # BIN DATADIR
  as_postgres "$1/bin/pg_ctl" start --silent --wait --pgdata="$2" --log="$place/work/server.log" \
    --options='-c listen_addresses=' || fail "PostgreSQL does not start: $(tail "$place/work/server.log")"
}
stop() { as_postgres "$1/bin/pg_ctl" stop --silent --wait --mode="$3" --pgdata="$2"; }
wanted='1000 499500'
read_all() { sql "$1" "select count(*) || ' ' || sum(id) from kept where length(what) = 3000"; }

# A cluster whose machine lost its power, too: what is committed is in the write-ahead log only.
start "$old" postgresql ExecStartPre >"$place/prepare.log" 2>&1 || fail "it cannot be prepared: $(cat "$place/prepare.log")"
datadir() { "$1/bin/postgres" --version | sed "s|.* \([0-9]*\)[.].*|$place/clusters/\1|"; }
older=$(datadir "$old_bin") newer=$(datadir "$new_bin")
serve "$old_bin" "$older"
sql "$old_bin" "create table kept as select id, repeat('abc', 1000) as what from generate_series(0, 999) as id"
stop "$old_bin" "$older" immediate
cp --archive "$place/clusters" "$place/before"

again() {
  rm -rf "$place/clusters"/* "$place/clusters"/.[!.]* "$place/work"/*
  cp --archive "$place/before/." "$place/clusters"
}
# As a power cut ends them; what a machine had in /run is gone.
cut_off() {
  kill -KILL -1 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$place/work"/*
  find "$place/clusters" -name postmaster.pid -delete
}

again
began=$(date +%s%3N)
start "$new" pgflakegen-upgrade ExecStart >"$place/whole.log" 2>&1 || fail "it does not upgrade: $(cat "$place/whole.log")"
whole=$(($(date +%s%3N) - began))
serve "$new_bin" "$newer"
[[ $(read_all "$new_bin") == "$wanted" ]] || fail 'the upgrade loses rows'
stop "$new_bin" "$newer" fast

back=0 done=0 kills=0
# begun_anew WHEN: kills what runs, which must come to its end when it is begun once more.
begun_anew() {
  cut_off
  kills=$((kills + 1))
  if [[ -e $newer/PG_VERSION ]]; then done=$((done + 1)); fi
  start "$new" pgflakegen-upgrade ExecStart >"$place/again.log" 2>&1 || fail "killed $1, it does not end: $(cat "$place/again.log")"
  if grep -q 'has not come to its end' "$place/again.log"; then back=$((back + 1)); fi
  serve "$new_bin" "$newer"
  [[ $(read_all "$new_bin") == "$wanted" ]] || fail "killed $1, it loses rows"
  stop "$new_bin" "$newer" fast
}
seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
for ((n = 1; n <= times; n++)); do
  again
  moment=$(seconds $((whole * n / (times + 1))))
  start "$new" pgflakegen-upgrade ExecStart >"$place/killed.log" 2>&1 &
  sleep "$moment"
  begun_anew "after $moment s"
done
# The moments that matter where files are linked: from when the old cluster cannot be started any more.
if grep -q 'UPGRADE_MODE=link' "$new/lib/systemd/system/pgflakegen-upgrade.service"; then
  for after in 0 100 200 400 800; do
    again
    start "$new" pgflakegen-upgrade ExecStart >"$place/killed.log" 2>&1 &
    until [[ -e $older/global/pg_control.old ]]; do
      jobs %% >/dev/null 2>&1 || fail "the old cluster has not given its files: $(cat "$place/killed.log")"
      sleep 0.01
    done
    sleep "$(seconds "$after")"
    begun_anew "$after ms after the old cluster had given its files"
  done
  ((back > 0)) || fail 'no kill came after the old cluster had given its files'
fi
printf '%s times killed within %s s and begun anew; %s after the old cluster had given its files, %s when all was done\n' \
  "$kills" "$(seconds "$whole")" "$back" "$done"
