# shellcheck shell=bash
# A server for people: on localhost, with a socket directory of its own.
#
# For each port there is a state directory, only for its user: the server's socket and log, and links that
# say which data directory and PostgreSQL it runs on. `--stop` and start-client find servers by it.

# Sets state for the port.
find_state() { # PORT
  local base=${XDG_RUNTIME_DIR:-}
  if [[ ! -d $base || ! -w $base ]]; then
    base=${TMPDIR:-/tmp}
  fi
  # The path of a socket has room for about 100 bytes.
  if ((${#base} > 60)); then
    base=/tmp
  fi
  base=${base%/}/pgflakegen-$UID
  mkdir -m 700 "$base" 2>/dev/null || true
  if [[ -L $base || ! -d $base || ! -O $base ]]; then
    die "$base should be a directory of yours, and is not; remove it or set TMPDIR"
  fi
  chmod 700 "$base"
  state=$base/$1
}

# The state directory, if the server it is for is running; otherwise what is left of it goes.
server_is_ours() {
  local datadir
  if [[ ! -L $state/data || ! -L $state/bin ]]; then
    return 1
  fi
  datadir=$(readlink "$state/data")
  "$(readlink "$state/bin")/bin/pg_ctl" status --pgdata="$datadir" >/dev/null 2>&1
}

port_is_used() { # PORT
  local address
  for address in 127.0.0.1 ::1; do
    if (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null; then
      return 0
    fi
  done
  return 1
}

check_port_is_free() { # PORT
  if server_is_ours; then
    die "port $1 is in use by a server of yours on $(readlink "$state/data"). Stop it with 'start-server --stop --port $1', or give another port"
  fi
  if port_is_used "$1"; then
    die "port $1 is in use by another program. Give another port: $program $name PORT"
  fi
}

# Decides what a data directory is; sets fresh to 1 when a cluster is to be made in it.
check_datadir() { # DATADIR
  local there
  fresh=
  if [[ ! -e $1 ]]; then
    fresh=1
  elif [[ ! -d $1 ]]; then
    die "$1 is not a directory"
  elif [[ -e $1/PG_VERSION ]]; then
    there=$(<"$1/PG_VERSION")
    if [[ $there != "$major" ]]; then
      die "$1 is a data directory of PostgreSQL $there, and PostgreSQL $name is of major $major. Nothing was changed.
  Start it with a PostgreSQL $there, upgrade it with pg_upgrade, or give another --datadir"
    fi
    if [[ ! -O $1 ]]; then
      die "$1 belongs to another user; PostgreSQL runs only on a data directory of your own"
    fi
    if "$bin/bin/pg_ctl" status --pgdata="$1" >/dev/null 2>&1; then
      die "a server is running on $1 already (process $(head -n 1 "$1/postmaster.pid"))"
    fi
  elif [[ -n $(ls -A "$1") ]]; then
    die "$1 is not empty, and is no data directory of PostgreSQL. Nothing was changed; give an empty or a new directory"
  else
    fresh=1
  fi
}

# Sets datadir, and temporary when it goes with the server.
choose_datadir() { # GIVEN
  temporary=
  if [[ -n $1 ]]; then
    datadir=$(realpath -m -- "$1")
    check_datadir "$datadir"
  else
    temporary=$(mktemp -d "${TMPDIR:-/tmp}/$program-$name.XXXXXX")
    datadir=$temporary/data
    fresh=1
  fi
}

remove_temporary() {
  if [[ -n $temporary ]]; then
    rm -rf -- "$temporary"
  fi
}

# What --stop must know besides, as NAME=VALUE.
state_links=()

write_state() {
  local link
  rm -rf -- "$state"
  mkdir -m 700 "$state"
  if [[ -n $temporary ]]; then
    state_links+=("temporary=$temporary")
  fi
  for link in "data=$datadir" "bin=$bin" "${state_links[@]}"; do
    ln -s "${link#*=}" "$state/${link%%=*}"
  done
}

# A slot that nobody reads keeps the primary's WAL for ever: one of a replica that is gone must go too.
drop_slot() {
  local slot primary left
  if [[ -z $temporary || ! -L $state/slot ]]; then
    return
  fi
  slot=$(readlink "$state/slot")
  primary=$(readlink "$state/primary")
  # The primary takes a moment to see that its reader has gone.
  for _ in {1..50}; do
    left=$("$(readlink "$state/bin")/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --dbname=postgres \
      --host=localhost --port="$primary" --username="$(query .superuser)" --set=slot="$slot" <<'SQL' 2>/dev/null
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'slot' and not active \g /dev/null
select count(*) from pg_replication_slots where slot_name = :'slot';
SQL
    ) || return 0
    if [[ $left == 0 ]]; then
      return
    fi
    sleep 0.1
  done
  note "the slot $slot is still on the primary on port $primary; drop it: select pg_drop_replication_slot('$slot')"
}

# The catalogue's settings may have changed since the data directory was made. One that somebody else made
# keeps its own.
refresh_conf() {
  if [[ -e $datadir/$conf_file ]]; then
    write_conf "$datadir" "$name" "$bin"
  elif [[ -z $fresh ]]; then
    note "$datadir was not made by start-server: its own postgresql.conf is used, without the catalogue's settings"
  fi
}

show_server() { # PORT STOP
  local superuser where=$datadir
  superuser=$(query .superuser)
  if [[ -n $temporary ]]; then
    where="$datadir (temporary: it goes when the server stops; keep one with --datadir DIR)"
  fi
  cat >&2 <<EOF
PostgreSQL $name ($("$bin/bin/postgres" --version | sed 's/.* //')) is ready on localhost:$1
  data      $where
  socket    $state
  connect   nix run .#start-client $name $1
            psql 'host=localhost port=$1 user=$superuser dbname=postgres'
  stop      $2
EOF
}

# Runs after the server has stopped, however that came.
after_stop() {
  drop_slot
  rm -rf -- "$state"
  remove_temporary
}

serve() { # PORT DAEMONIZE [postgres options]
  local port=$1 daemonize=$2 server status=0 options
  shift 2
  write_state
  refresh_conf
  set_locale
  # Options of the command line win over every file; the caller's over ours.
  options=(-c "listen_addresses=localhost" -c "port=$port" -c "unix_socket_directories=$state" "$@")
  if [[ -n $daemonize ]]; then
    start_background "$bin" "$datadir" "$state/log" "${options[@]}"
    show_server "$port" "nix run .#start-server -- --stop --port $port"
    return
  fi
  "$bin/bin/postgres" -D "$datadir" "${options[@]}" &
  server=$!
  # SIGINT asks PostgreSQL for a fast shutdown: sessions end, nothing needs recovery. It may come from the
  # terminal as well.
  trap 'kill -INT "$server" 2>/dev/null || true' INT TERM HUP
  while kill -0 "$server" 2>/dev/null; do
    if "$bin/bin/pg_isready" --quiet --host="$state" --port="$port" --username="$(query .superuser)" --dbname=postgres; then
      show_server "$port" "Ctrl-C"
      break
    fi
    sleep 0.1
  done
  # A trapped signal ends `wait` while the server is still shutting down.
  while :; do
    status=0
    wait "$server" || status=$?
    kill -0 "$server" 2>/dev/null || break
  done
  trap - INT TERM HUP
  after_stop
  if ((status != 0)); then
    die "PostgreSQL ended with status $status"
  fi
}

stop_server() { # PORT
  if ! server_is_ours; then
    die "no server of yours runs on port $1 that was started with $program"
  fi
  datadir=$(readlink "$state/data")
  temporary=$(readlink "$state/temporary" || true)
  stop_cluster "$(readlink "$state/bin")" "$datadir" || die "the server on $datadir does not stop"
  after_stop
  note "the server on port $1 has stopped"
}
