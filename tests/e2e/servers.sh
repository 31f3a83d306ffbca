#!/usr/bin/env bash
# start-server, start-client and start-replica as people use them, and what can come between. Not as root:
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
unset XDG_RUNTIME_DIR PGPASSFILE PGPASSWORD PGHOST PGPORT PGUSER PGDATABASE
port=$((20000 + $$ % 10000))
second=$((port + 1)) third=$((port + 2)) fourth=$((port + 3))

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

refused() { # MESSAGE COMMAND…: must fail and say it
  local message=$1 said
  shift
  if said=$("$@" 2>&1); then fail "$* did not fail"; fi
  [[ $said == *"$message"* ]] || fail "$* said: $said"
}

ask() { # PORT SQL
  "$client" "$name" "$1" -- --no-psqlrc -At --command="$2"
}

until_true() { # COMMAND…: waits for it, half a minute at most
  for _ in {1..300}; do
    if "$@"; then return; fi
    sleep 0.1
  done
  fail "waited in vain: $*"
}

# In a process group of its own, as a terminal gives it, so that Ctrl-C can be sent to all of it.
in_front() { # LOG COMMAND…
  local log=$1
  shift
  set -m
  "$@" >"$log" 2>&1 &
  set +m
}

says() { # LOG TEXT
  grep -qF -e "$2" "$1"
}

control_c() { # PID
  kill -INT -- "-$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

gone() { ! kill -0 "$1" 2>/dev/null; }
kill_hard() { # DATADIR: its server, and waits until whose child it is has noticed
  local postmaster
  postmaster=$(head -n 1 "$1/postmaster.pid")
  kill -KILL "$postmaster"
  until_true gone "$postmaster"
}

nothing_left() { # WHAT
  local left
  left=$(find "$work" \( -name 'start-server-*' -o -name 'start-replica-*' \) -o -path '*/pgflakegen-*/*' -prune)
  [[ -z $left ]] || fail "$1 leaves $left"
}

echo "== what is wrong is said"
refused "There are:" "$server" no-such-postgresql
refused "is no port" "$server" "$name" 70000
refused "nothing listens" "$client" "$name" "$port"
refused "give NAME PRIMARY PORT" "$replica"
refused "is for start-replica" "$server" --promote "$port"
refused "wants a PORT" "$server" "$name" --trust
refused "is the PORT of" "$server" "$name" "$port" -- -c port=5999
refused "is the PORT of" "$server" "$name" "$port" -- -p 5999
refused "the value of --datadir is empty" "$server" "$name" "$port" --datadir ''
refused "the value of --datadir is empty" "$server" "$name" "$port" --datadir=
refused "an argument is empty" "$server" "$name" ''
refused "Both port" "$server" --stop "$port" --port "$second"
mkdir "$work/foreign"
touch "$work/foreign/file"
refused "is not empty" "$server" "$name" "$port" --datadir "$work/foreign"
[[ $(ls "$work/foreign") == file ]] || fail "a foreign directory was changed"
nothing_left "a refusal"

echo "== a primary"
"$server" "$name" "$port" --datadir "$work/data" --daemonize -- -c log_statement=all 2>"$work/said"
cat "$work/said" >&2
refused "in use" "$server" "$name" "$port"
refused "is running on" "$server" "$name" "$third" --datadir "$work/data"
ask "$port" "create table seen_by_replica (n integer)"
[[ $(ask "$port" "show log_statement") == all ]] || fail "options after --"
[[ $(ask "$port" "show listen_addresses") == localhost ]] || fail "listens elsewhere"

echo "== who is let in"
passfile=$work/data/pgflakegen.passfile
[[ $(stat -c %a "$passfile") == 600 ]] || fail "others can read the password"
[[ $(stat -c %a "$work"/pgflakegen-*) == 700 ]] || fail "others can get to the socket"
IFS=: read -r _ _ _ superuser password <"$passfile"
((${#password} >= 20)) || fail "the password is '$password'"
says "$work/said" "$password" || fail "the password was not shown"
if grep -rqF -e "$password" "$work"/pgflakegen-*/"$port"/log; then fail "the password is in the log"; fi
tcp() { # CONNINFO
  "$client" "$name" "$port" -- --no-psqlrc --no-password -At --command="select 'let in'" "host=localhost port=$port user=$superuser dbname=postgres $1"
}
refused "no password supplied" tcp ""
refused "authentication failed" tcp "password=wrong"
[[ $(tcp "passfile=$passfile") == "let in" ]] || fail "the passfile is of no use"

echo "== a replica"
ask "$port" 'create database "odd $(touch /tmp/x) '"'"'name"'
"$replica" "$name" "$port" "$second" --daemonize
ask "$port" "insert into seen_by_replica values (42)"
arrived() { [[ $(ask "$second" "select n from seen_by_replica") == "$1" ]]; }
until_true arrived 42
[[ $(ask "$second" "select count(*) from pg_database where datname ~ '^odd '") == 1 ]] || fail "the odd database"
refused "read-only" "$client" "$name" "$second" -- --command="insert into seen_by_replica values (1)"
[[ $(ask "$port" "select count(*) from pg_replication_slots where active") == 1 ]] || fail "no slot"
refused "a replica must be too" "$replica" "$other" "$port" "$third"
refused "is in use" "$replica" "$name" "$port" "$second"
"$replica" --stop "$second"
[[ $(ask "$port" "select count(*) from pg_replication_slots") == 0 ]] || fail "the slot was left"

echo "== an interrupted copy leaves no slot"
# Large enough to be in the middle of it when the slot is there.
truncate --size=8G "$work/data/large"
in_front "$work/log" "$replica" "$name" "$port" "$second"
copying=$!
has_slot() { [[ $(ask "$port" "select count(*) from pg_replication_slots") == "$1" ]]; }
until_true has_slot 1
if says "$work/log" "is ready"; then fail "the copy was not interrupted"; fi
control_c "$copying"
rm "$work/data/large"
has_slot 0 || fail "the slot was left: $(cat "$work/log")"
if compgen -G "$work/start-replica-*" >/dev/null; then fail "half a copy was left"; fi

echo "== a replica of a replica"
"$replica" "$name" "$port" "$second" --daemonize
"$replica" "$name" "$second" "$third" --daemonize
ask "$port" "update seen_by_replica set n = 44"
arrived_at() { [[ $(ask "$1" "select n from seen_by_replica") == "$2" ]]; }
until_true arrived_at "$third" 44
[[ $(ask "$second" "select slot_name from pg_replication_slots") == "replica_$third" ]] || fail "whose replica is it?"
refused "is a replica itself" "$replica" "$name" "$second" "$fourth" --synchronous
"$replica" --stop "$third"
[[ $(ask "$second" "select count(*) from pg_replication_slots") == 0 ]] || fail "the replica's slot was left"

echo "== synchronous ones, all of which the primary waits for"
names() { ask "$port" "show synchronous_standby_names"; }
"$replica" "$name" "$port" "$third" --daemonize --synchronous
"$replica" "$name" "$port" "$fourth" --daemonize --synchronous
[[ $(names) == "FIRST 2 (replica_$third, replica_$fourth)" ]] || fail "the primary waits for $(names)"
are_synchronous() { [[ $(ask "$port" "select string_agg(sync_state, ' ' order by application_name) from pg_stat_replication") == "async sync sync" ]]; }
until_true are_synchronous
ask "$port" "update seen_by_replica set n = 42"
# One that was killed is waited for, until it is stopped.
kill_hard "$(readlink "$work"/pgflakegen-*/"$third"/data)"
if timeout 3 "$client" "$name" "$port" -- --no-psqlrc --command="update seen_by_replica set n = 41"; then fail "the commit did not wait"; fi
refused "no server of yours" "$replica" --stop "$third"
[[ $(names) == "FIRST 1 (replica_$fourth)" ]] || fail "the primary waits for $(names)"
ask "$port" "update seen_by_replica set n = 42"

echo "== promoted, it is a server of its own"
refused "which one?" "$replica" --promote
refused "is no replica" "$replica" --promote "$port"
"$replica" --promote "$name" "$fourth"
[[ $(names) == "" ]] || fail "the primary waits for $(names)"
[[ $(ask "$port" "select string_agg(slot_name, ' ') from pg_replication_slots") == "replica_$second" ]] || fail "the slot was left"
ask "$fourth" "insert into seen_by_replica values (1)"
[[ $(ask "$port" "select count(*) from seen_by_replica") == 1 ]] || fail "the primary has it, too"
"$server" --stop "$fourth"
"$replica" --stop "$second"
ask "$port" "alter system set synchronous_standby_names = 'somebody, else'"
ask "$port" "select pg_reload_conf()"
refused "was not set by start-replica" "$replica" "$name" "$port" "$second" --daemonize --synchronous
[[ $(ask "$port" "show synchronous_standby_names") == "somebody, else" ]] || fail "somebody's setting is gone"
ask "$port" "alter system reset synchronous_standby_names"
ask "$port" "select pg_reload_conf()"
nothing_of_replicas() { [[ $(ask "$port" "select count(*) from pg_replication_slots") == 0 ]]; }
nothing_of_replicas || fail "a slot was left"

echo "== a primary by its URL, which wants a password"
refused "no primary answers at localhost:$port/postgres" "$replica" "$name" "postgresql://localhost:$port/postgres" "$second"
refused "no primary answers at localhost:$port/" "$replica" "$name" "postgresql://$superuser:wrong@localhost:$port/?x=1" "$second"
PGPASSWORD=$password "$replica" "$name" "postgresql://localhost:$port/?connect_timeout=5" "$second" --daemonize
ask "$port" "update seen_by_replica set n = 42"
until_true arrived_at "$second" 42
[[ $(ask "$port" "select application_name from pg_stat_replication") == "replica_$second" ]] || fail "it has another name"
# Without the password, which is where the replica was started only.
"$replica" --stop "$second"
nothing_of_replicas || fail "the slot was left"
PGPASSFILE=$passfile "$replica" "$name" "postgres://$superuser@localhost:$port" "$second" --datadir "$work/by-url" --daemonize
"$replica" --stop "$second"
ask "$port" "update seen_by_replica set n = 42"
PGPASSFILE=$passfile "$replica" "$name" "postgres://$superuser@localhost:$port" "$second" --datadir "$work/by-url" --daemonize
until_true arrived_at "$second" 42
"$replica" --stop "$second"
ask "$port" "select pg_drop_replication_slot('replica_$second')"

echo "== a replica that is kept goes on with its primary, wherever that is"
"$replica" "$name" "$port" "$second" --datadir "$work/copy" --daemonize
"$server" --stop "$second"
[[ $(ask "$port" "select count(*) from pg_replication_slots") == 1 ]] || fail "the slot of a kept replica is gone"
"$server" --stop "$port"
"$server" "$name" "$third" --datadir "$work/data" --daemonize 2>"$work/said"
if says "$work/said" "$password"; then fail "the password is shown again"; fi
ask "$third" "update seen_by_replica set n = 43"
"$replica" "$name" "$third" "$second" --datadir "$work/copy" --daemonize
until_true arrived 43
"$replica" --stop "$name" "$second"
"$server" "$name" "$port" --daemonize
refused "is a replica of another database" "$replica" "$name" "$port" "$second" --datadir "$work/copy"
refused "is PostgreSQL $name, not $other" "$server" --stop "$other" "$port"

echo "== --stop PORT stops that one"
"$server" --stop "$third"
[[ $(ask "$port" "select 1") == 1 ]] || fail "another server was stopped"
"$server" --stop "$name" "$port"
nothing_left "--stop"

echo "== what a killed server left"
"$server" "$name" "$port" --datadir "$work/data" --daemonize
kill_hard "$work/data"
"$server" "$name" "$second" --datadir "$work/data" --daemonize
refused "no server of yours runs on port $port" "$server" --stop "$port"
[[ $(ask "$second" "select 1") == 1 ]] || fail "another server was stopped"
"$server" --stop "$second"
"$server" "$name" "$port" --daemonize
kill_hard "$work"/start-server-*/data
refused "no server of yours" "$server" --stop "$port"
nothing_left "a killed server"

echo "== restarted by pg_ctl, it is found all the same"
"$server" "$name" "$port" --datadir "$work/data" --daemonize
bin=$(readlink "$work"/pgflakegen-*/"$port"/bin)
"$bin/bin/pg_ctl" restart --silent --pgdata="$work/data" --log="$work/log"
[[ $("$client" "$name" "$port" -- -Atc "select 1") == 1 ]] || fail "the client does not find it"
"$server" --stop "$port"

echo "== two at once: one wins"
for each in 1 2; do
  ("$server" "$name" "$port" --daemonize && touch "$work/won-$each") >"$work/log-$each" 2>&1 &
  contenders+=($!)
done
wait "${contenders[@]}" || true
won=("$work"/won-*)
((${#won[@]} == 1)) && [[ -e ${won[0]} ]] || fail "not one of two starts won: ${won[*]}"
loser=$work/log-$((3 - ${won[0]##*-}))
says "$loser" "port $port is" || fail "$(cat "$loser")"
if says "$loser" "making a data directory"; then fail "the loser began"; fi
"$server" --stop "$port"
nothing_left "the second of two starts"

echo "== stopped in front, kept, started again"
refused "is of major" "$server" "$other" "$port" --datadir "$work/data"
in_front "$work/log" "$server" "$name" "$port" --datadir "$work/data"
running=$!
until_true says "$work/log" "is ready"
[[ $(ask "$port" "select n from seen_by_replica") == 43 ]] || fail "the data was lost"
kill -TERM "$running"
wait "$running" || fail "ended with status $?"
says "$work/log" 'database system is shut down' || fail "not stopped cleanly: $(cat "$work/log")"
in_front "$work/log" "$server" "$name" "$port" --datadir "$work/data"
running=$!
until_true says "$work/log" "is ready"
"$server" --stop "$port"
wait "$running" || fail "ended with status $?"

echo "== Ctrl-C at any moment"
for moment in 0.05 0.3 0.7 1.2 1.5; do
  in_front "$work/log" "$server" "$name" "$port"
  sleep "$moment"
  control_c $!
  nothing_left "Ctrl-C after $moment s"
done
# A server that is never ready: it waits for WAL.
cp -r "$work/data" "$work/waits"
touch "$work/waits/recovery.signal"
in_front "$work/log" "$server" "$name" "$port" --datadir "$work/waits" -- -c "restore_command=touch $work/waiting; sleep 60; false"
running=$!
until_true test -e "$work/waiting"
if says "$work/log" "is ready"; then fail "it is ready"; fi
control_c "$running"
nothing_left "Ctrl-C before it is ready"
[[ ! -e $work/waits/postmaster.pid ]] || fail "the server runs on"
in_front "$work/log" "$server" "$name" "$port" --datadir "$work/new"
until_true test -e "$work/new/PG_VERSION"
control_c $!
if [[ -e $work/new ]] && ! "$server" "$name" "$port" --datadir "$work/new" --daemonize; then fail "half a data directory was left"; fi
"$server" --stop "$port" 2>/dev/null || true

echo "== a start that fails"
refused "did not start" "$server" "$name" "$port" --daemonize -- -c no_such_setting=1
nothing_left "a start that fails"
refused "did not start" "$server" "$name" "$port" --daemonize --datadir "$work/data" -- -c no_such_setting=1
nothing_left "a start that fails"
[[ -e $work/data/PG_VERSION ]] || fail "data of before is gone"

echo "== on its socket only, and a replica of that"
"$server" "$name" --daemonize 2>"$work/said"
default=$(sed -n 's/.*as port \([0-9]*\);.*/\1/p' "$work/said")
[[ $("$client" "$name" -- -Atc "show listen_addresses") == "" ]] || fail "it listens"
if (exec 3<>"/dev/tcp/127.0.0.1/$default") 2>/dev/null; then fail "port $default is open"; fi
[[ ! -e $(echo "$work"/start-server-*/data/pgflakegen.passfile) ]] || fail "a password for nothing"
"$replica" "$name" "$default" "$second" --daemonize
[[ $(ask "$second" "show listen_addresses") == "" ]] || fail "a replica without a password listens"
"$replica" --stop "$second"
"$server" --stop
nothing_left "a server on its socket"
"$server" "$name" "$port" --daemonize -- -c listen_addresses=
"$replica" "$name" "$port" "$second" --daemonize
"$server" --stop "$second"
"$server" --stop "$port"

echo "== --trust, also on data that had a password"
"$server" "$name" "$port" --daemonize --trust --datadir "$work/data"
[[ $(tcp "") == "let in" ]] || fail "--trust"
"$server" --stop "$port"
"$server" "$name" "$port" --daemonize --datadir "$work/data"
refused "no password supplied" tcp ""
"$server" --stop "$port"

echo "== odd directories for temporary files"
mkdir "$work/a, b"
long=$work/$(printf 'long%.0s' {1..30})
mkdir "$long"
cd "$work"
for odd in "$work/a, b" . "$long"; do
  TMPDIR=$odd "$server" "$name" "$port" --daemonize
  [[ $(TMPDIR=$odd ask "$port" "select 1") == 1 ]] || fail "TMPDIR=$odd"
  TMPDIR=$odd "$server" --stop "$port"
done
cd /
nothing_left "an odd TMPDIR"

echo "== what a server says is not run"
perl -MIO::Socket::INET -e '
  my ($port, $answer) = @ARGV;
  my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 5, ReuseAddr => 1) or die;
  sub message { my ($type, $body) = @_; return $type . pack("N", length($body) + 4) . $body }
  while (my $client = $listen->accept) {
    binmode $client;
    my ($head, $body);
    while (read($client, $head, 8) == 8) {
      my ($length, $code) = unpack("NN", $head);
      read($client, $body, $length - 8);
      if ($code == 80877103 || $code == 80877104) { $client->syswrite("N"); next }
      last;
    }
    $client->syswrite(message("R", pack("N", 0)) . message("S", "server_version\0" . "15.0\0") . message("S", "client_encoding\0UTF8\0") . message("Z", "I"));
    while (read($client, $head, 5) == 5) {
      my ($type, $length) = unpack("aN", $head);
      read($client, $body, $length - 4);
      last if $type eq "X";
      $client->syswrite(message("T", pack("n", 1) . "server_version_num\0" . pack("NnNnNn", 0, 0, 25, 0xffff, 0xffffffff, 0))
        . message("D", pack("nN", 1, length $answer) . $answer) . message("C", "SHOW\0") . message("Z", "I"));
    }
  }' "$port" "PATH[\$(touch $work/run)0]"$'\033[31m' &
fake=$!
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
until_true listens
refused "is no PostgreSQL" "$replica" "$name" "$port" "$second"
[[ ! -e $work/run ]] || fail "the server's answer was run"
if "$replica" "$name" "$port" "$second" 2>&1 | grep -q $'\033'; then fail "the server's answer reaches the terminal"; fi
kill "$fake"
nothing_left "a refused primary"

echo "== a temporary one of the other"
"$server" "$other" "$port" --daemonize
"$server" --stop "$port"
nothing_left "the other"
echo "servers, clients and replicas do what they should"
