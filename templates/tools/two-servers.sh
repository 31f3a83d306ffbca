# shellcheck shell=bash disable=SC2154
# The two servers of a migration-test, and what there is in them.

superuser=$(query .superuser)
# Sockets are below it, and their paths must be short.
work=$(TMPDIR=/tmp mktemp -d "/tmp/$program.XXXXXX")
mkdir "$work"/{old-socket,new-socket,upgrade}
running=()

clean_up() {
  local server
  for server in "${running[@]}"; do
    stop_cluster "${server%%=*}" "${server#*=}" 2>/dev/null || true
  done
  if [[ -n $keep ]]; then
    note "the working directory is kept: $work"
  else
    rm -rf -- "$work"
  fi
}
trap clean_up EXIT

step() {
  printf '== %s\n' "$*" >&2
}

start() { # old|new
  local which_bin=$old_bin
  if [[ $1 == new ]]; then which_bin=$new_bin; fi
  start_private "$which_bin" "$work/$1" "$work/$1-socket" 5432 "$work/$1.log" \
    -c fsync=off -c wal_level=logical -c max_replication_slots=20 -c max_wal_senders=20 -c max_logical_replication_workers=20 -c max_worker_processes=40
  running+=("$which_bin=$work/$1")
}

stop() { # old|new
  local which_bin=$old_bin server left=()
  if [[ $1 == new ]]; then which_bin=$new_bin; fi
  stop_cluster "$which_bin" "$work/$1"
  for server in "${running[@]}"; do
    if [[ $server != "$which_bin=$work/$1" ]]; then left+=("$server"); fi
  done
  running=("${left[@]}")
}

# PostgreSQL's own programs of NEW, connected to one of the servers; they know older servers too.
on() { # old|new PROGRAM [arguments]
  local server=$1 command=$2
  shift 2
  PGHOST=$work/$server-socket PGPORT=5432 PGUSER=$superuser PGOPTIONS='-c client_min_messages=warning' \
    "$new_bin/bin/$command" "$@"
}

sql() { # old|new DATABASE [psql arguments]
  local server=$1 database=$2
  shift 2
  on "$server" psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$database" "$@"
}

databases() { # old|new
  sql "$1" postgres --command="select datname from pg_database where datallowconn and datname not like 'template%' order by 1"
}

# Definitions in one form: without what depends on the server that wrote them.
normalised_schema() { # old|new DATABASE
  on "$1" pg_dump --schema-only --quote-all-identifiers --dbname="$2" \
    | sed -E -e '/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict|COMMENT ON EXTENSION)/d' -e '/^$/d'
}

fingerprint() { # old|new
  local database
  mkdir -p "$work/$1.schema"
  while read -r database; do
    sql "$1" "$database" --file="$PGFLAKEGEN_FINGERPRINT"
    normalised_schema "$1" "$database" >"$work/$1.schema/$database"
    printf 'schema\t%s\t%s lines %s\n' "$database" "$(wc -l <"$work/$1.schema/$database")" \
      "$(md5sum "$work/$1.schema/$database" | cut -c1-12)"
  done < <(databases "$1")
  on "$1" pg_dumpall --globals-only --quote-all-identifiers \
    | sed -E -e '/^(--|SET |\\(un)?restrict)/d' -e '/^$/d' >"$work/$1.schema/ roles"
  printf 'roles\tall\t%s lines %s\n' "$(wc -l <"$work/$1.schema/ roles")" "$(md5sum "$work/$1.schema/ roles" | cut -c1-12)"
}

load_changes() {
  if [[ -e $PGFLAKEGEN_MIGRATIONS/changes.sql ]]; then
    sql old postgres --file="$PGFLAKEGEN_MIGRATIONS/changes.sql" >/dev/null
  fi
}

# The superuser is there already, made by initdb.
without_superuser() {
  grep -vxF -e "CREATE ROLE $superuser;" -e "CREATE ROLE \"$superuser\";"
}
