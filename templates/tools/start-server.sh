# shellcheck shell=bash
# Starts a PostgreSQL of the catalogue.

usage() {
  cat <<EOF
Starts a PostgreSQL of the catalogue with all its extensions and their settings, on localhost.

usage: $program [NAME] [PORT] [--datadir DIR] [--daemonize] [-- OPTIONS]
       $program --stop [--port PORT]

  NAME           one of: $(list_names)  (default: $(query '.["default-postgresql"]'))
  PORT           TCP port  (default: $(query .port)); also as --port PORT
  --datadir DIR  data directory: made when it is not there, kept when the server stops
                 (default: a temporary one, which goes with the server)
  --daemonize    return when the server is ready; it runs until --stop
  --stop         stop a server that was started with --daemonize
  OPTIONS        for postgres, for example: -- -c log_statement=all

Everybody who can connect to localhost on this machine can connect to it, without a password; to have
the socket only, add: -- -c listen_addresses=
EOF
}

parse_options "$@"
if ((${#arguments[@]} > 2)); then
  die "too many arguments: ${arguments[*]}; see $program --help"
fi
port=${port:-${arguments[1]:-$(query .port)}}
check_port "$port"
find_state "$port"

if [[ -n $stop ]]; then
  stop_server "$port"
  exit
fi

refuse_root
if [[ -z ${arguments[0]:-} ]]; then
  note "no NAME given: taking the catalogue's default. There are: $(list_names)"
fi
select_postgresql "${arguments[0]:-$(query '.["default-postgresql"]')}"
check_port_is_free "$port"
choose_datadir "$datadir_given"
if [[ -n $fresh ]]; then
  note "making a data directory: $datadir"
  init_cluster "$datadir" "$name" "$bin"
fi
serve "$port" "$daemonize" "${postgres_options[@]}"
