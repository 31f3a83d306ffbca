# shellcheck shell=bash disable=SC2154
# A server for people, from the choice of its data directory to its end, however that comes: everything that
# was made on the way is in a variable, and clean_up takes it away again.

server='' starting='' claiming='' claimed='' temporary='' making='' made_directory='' datadir=''

# Ends as if by the signal; what runs in the foreground ends first.
trap_signals() {
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 131' QUIT
  trap 'exit 143' TERM
}

# Runs once, at the end of every start that does not leave a server behind.
clean_up() {
  local status=$?
  trap - EXIT
  trap '' HUP INT QUIT TERM
  set +o errexit
  if [[ -n $starting ]]; then
    server=${server:-${!:-}}
    end_server || status=2
  fi
  # Of a data directory that was not finished, nothing is of use.
  if [[ -n $making ]]; then
    leave_primary
    if [[ -n $made_directory ]]; then
      rm -rf -- "$datadir"
    elif [[ -d $datadir ]]; then
      find "$datadir" -mindepth 1 -delete
    fi
  fi
  if [[ -n $claimed ]]; then
    leave_primary
    remove_state
  elif [[ -n $claiming ]]; then
    leave_state
  fi
  remove_temporary
  exit "$status"
}

# A fast shutdown: sessions end, nothing needs recovery. A server that has just been started does not listen
# to signals yet.
end_server() {
  local ended=0
  while process_identity "$server" >/dev/null; do
    kill -INT "$server" 2>/dev/null
    sleep 0.1
  done
  wait "$server" 2>/dev/null || ended=$?
  if ((ended != 0)); then
    note "PostgreSQL ended with status $ended"
    return 1
  fi
}

remove_temporary() {
  if [[ -n $temporary ]]; then
    rm -rf -- "$temporary"
    temporary=''
  fi
}

# Decides what a data directory is; sets fresh to 1 when a cluster is to be made in it.
check_datadir() { # DATADIR
  local there process way_out
  fresh=
  if [[ -e $1/PG_VERSION ]]; then
    there=$(<"$1/PG_VERSION")
    make_printable there
    if [[ $there != "$major" ]]; then
      of_another_major "$1" "$there" "$name" "$major"
      die "$1 is a data directory of PostgreSQL $there, and PostgreSQL $name is of major $major. Nothing was changed.
  $way_out, or give another --datadir"
    fi
    if [[ -e $1/$unfinished_file ]]; then
      there=$(quote_for_sh "$1")
      die "$1 is half made: the start that made it was killed. Nothing is in it that was not to be made anew; remove it:
  rm -r -- $there"
    fi
    if [[ ! -O $1 ]]; then
      die "$1 belongs to another user; PostgreSQL runs only on a data directory of your own"
    fi
    if "$bin/bin/pg_ctl" status --pgdata="$1" >/dev/null 2>&1; then
      process=$(head -n 1 "$1/postmaster.pid")
      make_printable process
      die "a server is running on $1 already (process $process)"
    fi
  else
    there=$(ls -A "$1")
    if [[ -n $there ]]; then
      die "$1 is not empty, and is no data directory of PostgreSQL. Nothing was changed; give an empty or a new directory"
    fi
    fresh=1
  fi
}

# Sets datadir, and temporary when it goes with the server. A new one is unfinished from here to finish_datadir.
choose_datadir() { # GIVEN
  local parent made=''
  if [[ -n $1 ]]; then
    datadir=$(realpath -m -- "$1")
    if [[ ! -e $datadir ]]; then
      # Between two renames of an upgrade it is not there.
      if [[ -e $datadir.before-upgrade && (-e $datadir.upgrade || -e $datadir.after-upgrade) ]]; then
        parent=$(quote_for_sh "$datadir")
        die "$datadir is in the middle of an upgrade, and must not be made anew. See: nix run .#upgrade -- --status ${parent% }"
      fi
      mkdir -p -- "${datadir%/*}/"
      mkdir -m 700 -- "$datadir" && made=1
    fi
    lock_datadir --nonblock
    made_directory=$made
    check_datadir "$datadir"
    making=$fresh
    return
  fi
  parent=$(realpath -m -- "${TMPDIR:-/tmp}")
  # Named before it is made, so that no signal can come in between.
  temporary=$parent/$program-$name.$$.$RANDOM
  mkdir -m 700 -- "$temporary" || {
    temporary=''
    die "there can be no temporary data directory in $parent; set TMPDIR, or give --datadir DIR"
  }
  datadir=$temporary/data fresh=1
  remember "temporary=$temporary"
}

finish_datadir() {
  making=''
}

# The catalogue's settings may have changed since the data directory was made. One that somebody else made
# keeps its own, and its own rules on who is let in.
refresh_conf() { # METHOD
  if [[ -e $datadir/$conf_file ]]; then
    write_conf "$datadir" "$name" "$bin"
    write_hba "$datadir" "$1"
  else
    foreign=1
    note "$datadir was not made by start-server: its own postgresql.conf and pg_hba.conf are used, without the catalogue's settings"
  fi
}

show_server() { # PORT TCP STOP
  local where=$datadir version
  version=$("$bin/bin/postgres" --version)
  version=${version#*) }
  if [[ -n $temporary ]]; then
    where="$datadir (temporary: it goes when the server stops; keep one with --datadir DIR)"
  fi
  {
    printf 'PostgreSQL %s (%s) is ready on ' "$name" "${version%% *}"
    if [[ -n $2 ]]; then
      printf 'localhost:%s and on its socket\n' "$1"
    else
      printf 'its socket, as port %s; only you can connect\n' "$1"
    fi
    printf '  data      %s\n  socket    %s\n' "$where" "$state"
    printf '  connect   nix run .#start-client %s %s\n' "$name" "$1"
    if [[ -z $2 ]]; then
      conninfo=''
      add_conninfo host "$state"
    else
      conninfo=host=localhost
    fi
    add_conninfo port "$1"
    add_conninfo user "$superuser"
    add_conninfo dbname postgres
    if [[ -n $2 && -z $trust && -s $datadir/$passfile ]]; then
      add_conninfo passfile "$datadir/$passfile"
    fi
    conninfo=$(quote_for_sh "$conninfo")
    printf '            psql %s\n' "${conninfo% }"
    if [[ -n $2 ]]; then
      show_access
    fi
    printf '  stop      %s\n' "$3"
  } >&2
}

show_access() {
  if [[ -n $foreign ]]; then
    printf '  password  as its pg_hba.conf says\n'
  elif [[ -n $trust ]]; then
    printf '  password  none: everybody on this machine can connect as everybody (--trust)\n'
  elif [[ -n $password ]]; then
    printf '  password  %s  (of %s; shown once, kept in %s)\n' "$password" "$superuser" "$datadir/$passfile"
  else
    printf '  password  in %s\n' "$datadir/$passfile"
  fi
}

# Starts postgres, in a process group of its own when it is to outlive us, and waits until it is ready.
start_postgres() { # DAEMONIZE [postgres options]
  local daemonize=$1 lines=() identity
  shift
  starting=1
  if [[ -n $daemonize ]]; then
    # A signal from the terminal does not reach it.
    set -o monitor
    "$bin/bin/postgres" -D "$datadir" "$@" </dev/null >"$state/log" 2>&1 8<&- 9<&- &
    server=$!
    set +o monitor
  else
    "$bin/bin/postgres" -D "$datadir" "$@" 8<&- 9<&- &
    server=$!
  fi
  identity=$(process_identity "$server") || identity=''
  remember "server=$identity"
  while process_identity "$server" >/dev/null; do
    if { mapfile -t lines <"$datadir/postmaster.pid"; } 2>/dev/null &&
      [[ ${lines[0]:-} == "$server" && ${lines[7]:-} == @(ready|standby)* ]]; then
      return
    fi
    sleep 0.1 || true
  done
  starting=''
  if [[ -n $daemonize ]]; then
    tail -n 30 "$state/log" | printable_lines >&2 || true
  fi
  die "PostgreSQL did not start; why is said above"
}

# TCP: listen on localhost, too.
serve() { # PORT TCP DAEMONIZE [postgres options]
  local port=$1 tcp=$2 daemonize=$3 status=0 method=scram-sha-256 addresses=''
  shift 3
  foreign='' password=''
  remember "data=$datadir" "bin=$bin" "name=$name"
  if [[ -n $trust ]]; then method=trust; fi
  if [[ -n $tcp ]]; then addresses=localhost; fi
  refresh_conf "$method"
  set_locale
  # Options of the command line win over every file; the caller's over ours.
  start_postgres "$daemonize" -c "listen_addresses=$addresses" -c "port=$port" -c "unix_socket_directories=$state" "$@"
  when_ready "$port" "$tcp"
  if [[ -n $daemonize ]]; then
    show_server "$port" "$tcp" "nix run .#start-server -- --stop $port"
    server='' starting='' claiming='' claimed='' temporary=''
    return
  fi
  show_server "$port" "$tcp" "Ctrl-C"
  # Now the end is what was wanted.
  trap 'exit 0' HUP INT QUIT TERM
  wait "$server" || status=$?
  starting=''
  if ((status != 0)); then
    die "PostgreSQL ended with status $status"
  fi
}

stop_server() { # PORT NAME
  local served process=''
  find_state "$1"
  if ! find_server "$state" "$1"; then
    if [[ -d $state ]]; then
      lock_state --nonblock || die "the server on port $1 is just being started; press Ctrl-C there, or try again when it is ready"
      clear_stale_state
      remove_state
    fi
    die "no server of yours runs on port $1 that was started with $program"
  fi
  served=$(link_of "$state" name)
  if [[ -n $2 && $served != "$2" ]]; then
    die "the server on port $1 is PostgreSQL $served, not $2. Nothing was stopped"
  fi
  datadir=$(link_of "$state" data)
  process=$(process_identity "$server_pid") || true
  kill -INT "$server_pid" 2>/dev/null || true
  wait_for_end "$server_pid" "$process"
  # One in the foreground clears up after itself.
  if lock_state --timeout 60; then
    if ! find_server "$state" "$1"; then
      temporary=$(link_of "$state" temporary)
      leave_primary
      remove_state
      remove_temporary
    fi
  fi
  note "the server on port $1 has stopped"
}

wait_for_end() { # PID IDENTITY
  local waited=0 now
  while now=$(process_identity "$1") && [[ $now == "$2" ]]; do
    sleep 0.1
    ((waited += 1))
    if ((waited == 100)); then
      note "the server on $datadir is still shutting down"
    elif ((waited == 6000)); then
      die "the server on $datadir does not stop; its process is $1"
    fi
  done
}
