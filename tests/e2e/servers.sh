#!/usr/bin/env bash
# start-server, start-client and start-replica as people use them. Not as root:
#   servers.sh START-SERVER START-CLIENT START-REPLICA NAME OTHER
# NAME and OTHER are PostgreSQLs of the catalogue, of different majors.
set -euo pipefail

if (($# != 5)); then
  echo "usage: servers.sh START-SERVER START-CLIENT START-REPLICA NAME OTHER" >&2
  exit 2
fi
server=$1 client=$2 replica=$3 name=$4 other=$5
work=$(mktemp -d)
export TMPDIR=$work
unset XDG_RUNTIME_DIR
port=$((20000 + $$ % 10000))

clean_up() {
  local each
  for each in "$port" $((port + 1)) $((port + 2)); do
    "$server" --stop --port "$each" >/dev/null 2>&1 || true
  done
  rm -rf -- "$work"
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  exit 1
}

refused() { # MESSAGE COMMAND…: must fail and say it
  local message=$1 said
  shift
  if said=$("$@" 2>&1); then fail "$* did not fail"; fi
  [[ $said == *"$message"* ]] || fail "$* said: $said"
}

ask() { # PORT SQL
  "$client" "$name" "$1" -- --no-psqlrc -At --command="$2"
}

echo "== what is wrong is said"
refused "There are:" "$server" no-such-postgresql
refused "is no port" "$server" "$name" 70000
refused "nothing listens" "$client" "$name" "$port"
refused "give NAME PRIMARY_PORT PORT" "$replica"
mkdir "$work/foreign"
touch "$work/foreign/file"
refused "is not empty" "$server" "$name" "$port" --datadir "$work/foreign"
[[ $(ls "$work/foreign") == file ]] || fail "a foreign directory was changed"

echo "== a primary"
"$server" "$name" "$port" --datadir "$work/data" --daemonize -- -c log_statement=ddl
refused "in use" "$server" "$name" "$port"
refused "is running on" "$server" "$name" $((port + 2)) --datadir "$work/data"
ask "$port" "create table seen_by_replica (n integer)"
[[ $(ask "$port" "show log_statement") == ddl ]] || fail "options after --"
[[ $(ask "$port" "show listen_addresses") == localhost ]] || fail "listens elsewhere"

echo "== a replica"
"$replica" "$name" "$port" $((port + 1)) --daemonize
ask "$port" "insert into seen_by_replica values (42)"
for _ in {1..100}; do
  there=$(ask $((port + 1)) "select n from seen_by_replica")
  if [[ $there == 42 ]]; then break; fi
  sleep 0.1
done
[[ $there == 42 ]] || fail "the replica has '$there'"
refused "read-only" "$client" "$name" $((port + 1)) -- --command="insert into seen_by_replica values (1)"
[[ $(ask "$port" "select count(*) from pg_replication_slots where active") == 1 ]] || fail "no slot"
refused "a replica must be too" "$replica" "$other" "$port" $((port + 2))
"$replica" --stop --port $((port + 1))
[[ $(ask "$port" "select count(*) from pg_replication_slots") == 0 ]] || fail "the slot was left"

echo "== stopped, kept, started again"
"$server" --stop --port "$port"
refused "is of major" "$server" "$other" "$port" --datadir "$work/data"
"$server" "$name" "$port" --datadir "$work/data" >"$work/log" 2>&1 &
running=$!
for _ in {1..300}; do
  if grep -q 'is ready' "$work/log"; then break; fi
  sleep 0.1
done
[[ $(ask "$port" "select n from seen_by_replica") == 42 ]] || fail "the data was lost"
# A shell's background jobs ignore SIGINT; SIGTERM has the same effect.
kill -TERM "$running"
wait "$running" || fail "ended with status $?"
grep -q 'database system is shut down' "$work/log" || { cat "$work/log"; fail "not stopped cleanly"; }

echo "== a temporary one of the other"
"$server" "$other" "$port" --daemonize
"$server" --stop --port "$port"
if compgen -G "$work/start-server-*" >/dev/null; then fail "the temporary data directory is left"; fi
echo "servers, clients and replicas do what they should"
