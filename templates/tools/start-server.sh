# shellcheck shell=bash disable=SC2154
# Starts a PostgreSQL of the catalogue.

usage() {
  cat <<EOF
Starts a PostgreSQL of the catalogue with all its extensions and their settings.

usage: $program [NAME] [PORT] [--datadir DIR] [--daemonize] [--trust]
       ${program//?/ } [--extension-version EXTENSION=VERSION]… [-- OPTIONS]
       $program --stop [NAME] [PORT]

  NAME           one of: $names  (default: $default_name)
  PORT           listen on this TCP port of localhost, with a password; also as --port PORT.
                 Without it: only on a socket that nobody else can reach, without a password, which
                 start-client, start-replica and --stop find as port $default_port
  --datadir DIR  data directory: made when it is not there, kept when the server stops
                 (default: a temporary one, which goes with the server)
  --daemonize    return when the server is ready; it runs until --stop
  --extension-version EXTENSION=VERSION
                 another version of an extension than the default, by its name or that of CREATE EXTENSION
                 (pgvector=0.7.4, vector=0.7.4); may be repeated
  --trust        with PORT: everybody on this machine is let in as everybody, without a password
  --stop         stop the server on PORT, or else on $default_port
  OPTIONS        for postgres, for example: -- -c log_statement=all

A new data directory gets the users and databases that [server] of the catalogue says.
The password of $superuser is made once for a data directory and shown then; it stays in the data directory,
in the file $passfile, which only you can read and which clients take: psql 'host=localhost passfile=…'
EOF
}

when_ready() { # PORT TCP
  if [[ -n $2 && -z $trust && -z $foreign ]]; then
    ensure_password "$1"
  fi
}

parse_options "$@"
if [[ -n $stop ]]; then
  stop_what
  exit
fi
if ((${#arguments[@]} > 2)); then
  die "too many arguments: ${arguments[*]}; see $program --help"
fi
if [[ -n $port_given && -n ${arguments[1]:-} && $port_given != "${arguments[1]}" ]]; then
  die "which one? Both port ${arguments[1]} and --port $port_given are given"
fi
tcp=${port_given:-${arguments[1]:-}}
set_port "${tcp:-$default_port}"
if [[ -n $trust && -z $tcp ]]; then
  die "--trust is for TCP, which wants a PORT; without one there is no password anyway"
fi
refuse_root
if [[ -z ${arguments[0]:-} ]]; then
  note "no NAME given: taking the catalogue's default. There are: $names"
fi
select_postgresql "${arguments[0]:-$default_name}"
select_extension_versions "${extension_versions[@]}"
trap_signals
claim_port "$port" "$tcp"
choose_datadir "$datadir_given"
if [[ -n $fresh ]]; then
  note "making a data directory: $datadir"
  options=()
  # What goes with the server need not be safe from a power cut.
  if [[ -n $temporary ]]; then options=(--no-sync); fi
  init_cluster "$datadir" "$name" "$bin" "${options[@]}"
  make_content "$port"
  finish_datadir
fi
serve "$port" "$tcp" "$daemonize" "${postgres_options[@]}"
