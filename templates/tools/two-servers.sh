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

# Writes the content of a server to $work/SERVER.fingerprint, and its definitions to $work/SERVER.schema.
fingerprint() { # old|new
  local database
  mkdir -p "$work/$1.schema"
  while read -r database; do
    sql "$1" "$database" --file="$PGFLAKEGEN_FINGERPRINT"
    definitions "$1" "$database" >"$work/$1.schema/$database"
  done < <(databases "$1") >"$work/$1.fingerprint"
}

definitions() { # old|new DATABASE
  on "$1" pg_dump --schema-only --dbname="$2"
}

# Without what depends on the server that wrote them. Extensions are compared on their own.
normalised() { # FILE
  sed -E -e '/^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict|(CREATE|COMMENT ON) EXTENSION)/d' -e '/^$/d' "$1"
}

# A newer PostgreSQL writes some definitions in another form. Where the texts differ, OLD's definitions are
# loaded into an empty database of NEW and compared as that writes them.
rewrite_definitions() { # DATABASE
  local scratch=migration_test_scratch
  if diff --brief <(normalised "$work/old.schema/$1") <(normalised "$work/new.schema/$1") >/dev/null; then
    return
  fi
  sql new postgres --command="create database $scratch template template0"
  on new psql --no-psqlrc --quiet --dbname="$scratch" --file="$work/old.schema/$1" >/dev/null 2>"$work/scratch.log"
  definitions new "$scratch" >"$work/old.schema/$1"
  sql new postgres --command="drop database $scratch"
}

compare_definitions() {
  local file database server
  for file in "$work"/old.schema/*; do
    database=${file##*/}
    if [[ ! -e $work/new.schema/$database ]]; then
      continue
    fi
    rewrite_definitions "$database"
    for server in old new; do
      normalised "$work/$server.schema/$database" >"$work/$server.normalised"
      mv "$work/$server.normalised" "$work/$server.schema/$database"
      printf 'schema\t%s\t%s lines %s\n' "$database" "$(wc -l <"$work/$server.schema/$database")" \
        "$(md5sum "$work/$server.schema/$database" | cut -c1-12)" >>"$work/$server.fingerprint"
    done
  done
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
