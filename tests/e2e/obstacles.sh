#!/usr/bin/env bash
# Each of obstacles.sql alone in a new cluster: migration-test must say it, and PostgreSQL's own pg_upgrade must stop at it.
set -o errexit -o nounset -o pipefail

file=$1 work=$2 tool=$3 old_name=$4 new_name=$5 old=$6 new=$7
sockets=$(TMPDIR=/tmp mktemp -d /tmp/obstacles.XXXXXX)
mkdir "$work"
cleanup() {
  "$old/bin/pg_ctl" stop --silent --mode=fast --pgdata="$work/data" 2>/dev/null || true
  rm -rf -- "$sockets" "$work"
}
trap cleanup EXIT
cd "$sockets"

mkdir parts
awk '/^-- obstacle: / { n++; print substr($0, 14) >"parts/names" } n { print >("parts/" n) }' "$file"
mapfile -t names <parts/names
for build in old new; do
  "${!build}/bin/initdb" --pgdata="$work/$build" --username=owner --auth=trust --no-sync --no-instructions --data-checksums \
    --encoding=UTF8 --locale=C.UTF-8 >/dev/null
done
printf 'max_prepared_transactions = 5\n' >>"$work/old/postgresql.conf"
failed=0
for at in "${!names[@]}"; do
  said=${names[at]%% => *} words=${names[at]##* => }
  cp --archive "$work/old" "$work/data"
  "$old/bin/pg_ctl" start --silent --wait --pgdata="$work/data" --log=log --options="-c listen_addresses= -c unix_socket_directories=$sockets -c fsync=off"
  "$old/bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$sockets" --username=owner --dbname=postgres --file="parts/$((at + 1))"
  "$old/bin/pg_ctl" stop --silent --wait --mode=fast --pgdata="$work/data"
  status=0
  "$tool" "$old_name" "$new_name" pg_upgrade --check --data "$work/data" --user owner --directory "$work" >checked 2>&1 || status=$?
  theirs=0
  "$new/bin/pg_upgrade" --old-bindir="$old/bin" --new-bindir="$new/bin" --old-datadir="$work/data" --new-datadir="$work/new" \
    --username=owner --socketdir="$sockets" --check >theirs 2>&1 || theirs=$?
  # pg_upgrade names the library of an extension in a file beside its log.
  find "$work/new/pg_upgrade_output.d" -name '*.txt' -exec cat {} + >>theirs 2>/dev/null || true
  rm -rf "$work/data" "$work/new/pg_upgrade_output.d"
  if ((status == 1 && theirs != 0)) && grep -qF "$said" checked && grep -qiF "$words" theirs; then
    echo "ok: $said"
  else
    echo "NOT: $said: migration-test ended with $status, pg_upgrade with $theirs" >&2
    tail -n 15 checked theirs >&2
    failed=1
  fi
done
exit "$failed"
