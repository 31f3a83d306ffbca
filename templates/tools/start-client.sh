# shellcheck shell=bash disable=SC2154
# psql of a PostgreSQL of the catalogue, connected to what start-server has started.

usage() {
  cat <<EOF
Connects psql to a server that start-server or start-replica has started.

usage: $program [NAME] [PORT] [-- ARGUMENTS]

  NAME       whose psql: one of $names  (default: $default_name)
  PORT       (default: $default_port)
  ARGUMENTS  for psql, for example: -- -c 'select version()'

A server of yours is reached by its socket, without a password.
PGUSER and PGDATABASE count as with psql; by default they are $superuser and postgres.
EOF
}

arguments=()
while (($# > 0)); do
  case $1 in
    --help | -h)
      usage
      exit
      ;;
    --)
      shift
      break
      ;;
    '') die "an argument is empty; was a variable not set? See $program --help" ;;
    -*) die "there is no option $1; see $program --help. Arguments for psql come after --" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
if ((${#arguments[@]} > 2)); then
  die "too many arguments: ${arguments[*]}; arguments for psql come after --"
fi
set_port "${arguments[1]:-$default_port}"
select_postgresql "${arguments[0]:-$default_name}"
find_state "$port"
host=localhost
if find_server "$state" "$port"; then
  host=$state
elif ! port_is_used "$port"; then
  die "nothing listens on port $port. Start a server with: nix run .#start-server $name $port"
fi
set_locale
export PGUSER=${PGUSER:-$superuser} PGDATABASE=${PGDATABASE:-postgres}
exec "$bin/bin/psql" --host="$host" --port="$port" "$@"
