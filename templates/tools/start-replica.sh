# shellcheck shell=bash
# A streaming replica of a running server.

usage() {
  cat <<EOF
Starts a read-only copy of a running server, kept up to date by streaming replication with a slot.

usage: $program NAME PRIMARY_PORT PORT [--datadir DIR] [--daemonize] [-- OPTIONS]
       $program --stop --port PORT

  NAME           one of: $(list_names); of the primary's major version
  PRIMARY_PORT   where the primary listens on localhost
  PORT           where the replica listens on localhost
  --datadir DIR  data directory: copied from the primary when it is not there, kept when the replica stops
                 (default: a temporary one, which goes with the replica, and so does its slot)
  --daemonize    return when the replica is ready; it runs until --stop
  OPTIONS        for postgres
EOF
}

parse_options "$@"

if [[ -n $stop ]]; then
  port=${port:-${arguments[2]:-}}
  [[ -n $port ]] || die "which one? Give --port PORT"
  check_port "$port"
  find_state "$port"
  stop_server "$port"
  exit
fi

if ((${#arguments[@]} != 3)); then
  die "give NAME PRIMARY_PORT PORT; NAME is one of $(list_names). See $program --help"
fi
primary=${arguments[1]} port=${arguments[2]}
check_port "$primary"
check_port "$port"
refuse_root
select_postgresql "${arguments[0]}"
find_state "$port"
check_port_is_free "$port"
slot=replica_$port

superuser=$(query .superuser)
primary_options=(--host=localhost --port="$primary" --username="$superuser")
ask_primary() { # SQL
  "$bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --dbname=postgres "${primary_options[@]}" --command="$1"
}
if ! version=$(ask_primary 'show server_version_num'); then
  die "no primary answers on port $primary. Start one with: nix run .#start-server $name $primary"
fi
if ((version / 10000 != major)); then
  die "the primary on port $primary is of major $((version / 10000)); a replica must be too, and $name is of major $major"
fi

choose_datadir "$datadir_given"
if [[ -n $fresh ]]; then
  note "copying the primary to $datadir"
  create=(--create-slot)
  case $(ask_primary "select active from pg_replication_slots where slot_name = '$slot'") in
    t) die "the slot $slot of the primary is in use: another replica with port $port reads from it. Give another port" ;;
    f) create=() ;;
  esac
  (umask 077 && "$bin/bin/pg_basebackup" --pgdata="$datadir" "${primary_options[@]}" --wal-method=stream \
    --checkpoint=fast --write-recovery-conf --slot="$slot" "${create[@]}") || {
    remove_temporary
    die "the copy failed"
  }
elif [[ ! -e $datadir/standby.signal ]]; then
  die "$datadir is a data directory, but not of a replica. Nothing was changed; give another --datadir"
fi

state_links+=("primary=$primary" "slot=$slot")
serve "$port" "$daemonize" "${postgres_options[@]}"
