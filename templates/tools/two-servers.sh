# shellcheck shell=bash disable=SC2154
# The two servers of a migration-test, and what there is in them.

# Sockets are below it, and their paths must be short.
work=$(TMPDIR=/tmp mktemp -d "/tmp/$program.XXXXXX")
mkdir "$work"/{old-socket,new-socket,upgrade}
running=() verdict=''

clean_up() {
  local status=$? server
  trap - EXIT
  for server in "${running[@]}"; do
    stop_cluster "${server%%=*}" "${server#*=}" 2>/dev/null || true
  done
  if [[ -n $keep ]]; then
    note "the working directory is kept: $work"
  else
    rm -rf -- "$work"
  fi
  # Whatever status a program ended with, only the comparison says 0 or 1.
  if [[ -z $verdict && $status != 2 ]]; then
    note "the test could not run to its end; why is said above"
    status=2
  fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 2' HUP INT QUIT TERM

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

# PostgreSQL's own programs of NEW, connected to one of the servers; they know older servers too. What follows
# --dbname can be read as a connection string: a database goes by the environment, where it is only a name.
on() { # old|new DATABASE PROGRAM [arguments]
  local server=$1 database=$2 command=$3
  shift 3
  PGHOST=$work/$server-socket PGPORT=5432 PGUSER=$superuser PGDATABASE=$database \
    PGOPTIONS='-c client_min_messages=warning' "$new_bin/bin/$command" "$@"
}

# SQL with values in it comes from standard input, with --set: what --command has is not interpolated.
sql() { # old|new DATABASE [psql arguments]
  local server=$1 database=$2
  shift 2
  on "$server" "$database" psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

# Sets databases to their names.
list_databases() { # old|new
  sql "$1" postgres --record-separator-zero >"$work/databases" \
    --command="select datname from pg_database where datallowconn and datname not like 'template%' order by 1"
  mapfile -d '' -t databases <"$work/databases"
}

# Sets file to a name for what belongs to the database.
file_of() { # DATABASE
  file=$(md5sum <<<"$1")
  file=${file%% *}
}

# Writes the content of a server to $work/SERVER.fingerprint, and its definitions to files in $work/SERVER.schema.
fingerprint() { # old|new
  local database file databases
  mkdir -p "$work/$1.schema"
  list_databases "$1"
  for database in "${databases[@]}"; do
    file_of "$database"
    sql "$1" "$database" --file="$PGFLAKEGEN_FINGERPRINT"
    on "$1" "$database" pg_dump --schema-only >"$work/$1.schema/$file"
  done >"$work/$1.fingerprint"
}

# Without what depends on the server that wrote them. Extensions are compared on their own.
normalised() { # FILE
  sed -E -e '/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict|(CREATE|COMMENT ON) EXTENSION)/d' -e '/^$/d' "$1"
}

same_definitions() { # FILE
  normalised "$work/old.schema/$1" >"$work/old.normalised"
  normalised "$work/new.schema/$1" >"$work/new.normalised"
  cmp --silent "$work/old.normalised" "$work/new.normalised"
}

# A newer PostgreSQL writes some definitions in another form. Where the texts differ, OLD's definitions are
# loaded into an empty database of NEW and compared as that writes them.
rewrite_definitions() { # FILE
  local scratch=migration_test_scratch
  if same_definitions "$1"; then
    return
  fi
  sql new postgres --command="create database $scratch template template0"
  on new "$scratch" psql --no-psqlrc --quiet --file="$work/old.schema/$1" >/dev/null 2>"$work/scratch.log" || true
  on new "$scratch" pg_dump --schema-only >"$work/old.schema/$1"
  sql new postgres --command="drop database $scratch"
}

compare_definitions() {
  local file database databases server lines sum
  list_databases new
  for database in "${databases[@]}"; do
    file_of "$database"
    if [[ ! -e $work/old.schema/$file || ! -e $work/new.schema/$file ]]; then
      continue
    fi
    rewrite_definitions "$file"
    for server in old new; do
      normalised "$work/$server.schema/$file" >"$work/$server.normalised"
      mv "$work/$server.normalised" "$work/$server.schema/$file"
      lines=$(wc -l <"$work/$server.schema/$file")
      sum=$(md5sum <"$work/$server.schema/$file")
      printf 'schema\0%s\0%s lines %s\0' "$database" "$lines" "${sum:0:12}" >>"$work/$server.fingerprint"
    done
  done
}

load_changes() {
  if [[ -e $PGFLAKEGEN_MIGRATIONS/changes.sql ]]; then
    sql old postgres --file="$PGFLAKEGEN_MIGRATIONS/changes.sql" >/dev/null
  fi
}

# The superuser is there already, made by initdb. Roles come first in a dump: a line of data that looks like
# this one stays.
without_superuser() {
  BARE="CREATE ROLE $superuser;" QUOTED="CREATE ROLE \"${superuser//\"/\"\"}\";" awk '
    !done && ($0 == ENVIRON["BARE"] || $0 == ENVIRON["QUOTED"]) { done = 1; next }
    { print }'
}
