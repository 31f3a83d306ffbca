# shellcheck shell=bash
# psql of a PostgreSQL of the catalogue, connected to what start-server has started.

usage() {
  cat <<EOF
Connects psql to a server that start-server or start-replica has started.

usage: $program [NAME] [PORT] [-- ARGUMENTS]

  NAME       whose psql: one of $(list_names)  (default: $(query '.["default-postgresql"]'))
  PORT       (default: $(query .port))
  ARGUMENTS  for psql, for example: -- -c 'select version()'

PGUSER and PGDATABASE count as with psql; by default they are $(query .superuser) and postgres.
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
    -*) die "there is no option $1; see $program --help. Arguments for psql come after --" ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
if ((${#arguments[@]} > 2)); then
  die "too many arguments: ${arguments[*]}; arguments for psql come after --"
fi
port=${arguments[1]:-$(query .port)}
check_port "$port"
select_postgresql "${arguments[0]:-$(query '.["default-postgresql"]')}"
find_state "$port"
host=localhost
if server_is_ours; then
  host=$state
elif ! port_is_used "$port"; then
  die "nothing listens on port $port. Start a server with: nix run .#start-server $name $port"
fi
set_locale
export PGUSER=${PGUSER:-$(query .superuser)} PGDATABASE=${PGDATABASE:-postgres}
exec "$bin/bin/psql" --host="$host" --port="$port" "$@"
