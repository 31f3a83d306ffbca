# shellcheck shell=bash disable=SC2154
# The image's entrypoint: makes the database on the first start, then becomes the server.
#
# What the first start has got to can be seen from outside, whenever it was killed:
#
#   $PGDATA/$making           from before its first change until all init files have run
#   $PGDATA/$making/cluster   initdb works in here; what it made moves up, PG_VERSION last
#   $PGDATA/PG_VERSION        there is a database; with $making beside it, a half made one
#
# So a database with $making is never served, one without is never removed, and what has $making but no
# PG_VERSION was never more than initdb's and is made again. To give up, PG_VERSION goes first and $making last.

readonly making=.first-start

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

usage() {
  cat <<EOF
Starts PostgreSQL; on the first start with an empty volume, makes the database.

usage: docker run IMAGE [postgres] [OPTIONS for postgres]
       docker run IMAGE PROGRAM [ARGUMENTS]

  POSTGRES_PASSWORD          the superuser's password; needed on the first start
  POSTGRES_USER              the superuser  (default: postgres)
  POSTGRES_DB                a database to create  (default: the superuser's name)
  POSTGRES_INITDB_ARGS       more options for initdb
  POSTGRES_INITDB_WALDIR     a directory for the write-ahead log
  POSTGRES_HOST_AUTH_METHOD  for connections over the network  (default: scram-sha-256)
  PGDATA                     the data directory  (default: $PGDATA)

The first five also as NAME_FILE: the name of a file that has the value.
What is in /docker-entrypoint-initdb.d (*.sh, *.sql, *.sql.gz, *.sql.xz, *.sql.zst) is run on the first
start, in the order of names. A first start that is stopped, or in which one of them fails, leaves the volume
empty again.
EOF
}

# A value from the environment or from the file that NAME_FILE names.
from_file() { # NAME
  local file_variable=$1_FILE value
  local file=${!file_variable:-}
  if [[ -n $file ]]; then
    if [[ -n ${!1:-} ]]; then
      die "both $1 and $file_variable are set: only one can be"
    fi
    if [[ ! -r $file ]]; then
      die "$file_variable is $file, which cannot be read"
    fi
    value=$(<"$file")
    export "$1=$value"
  fi
  unset "$file_variable"
}

check_first_start() {
  local there
  if ! id -un >/dev/null 2>&1; then
    die "user $UID has no name in this image, and initdb wants one; run it without --user, or mount an /etc/passwd that has it"
  fi
  there=$(ls -A "$PGDATA")
  if [[ -n $there && ! -d $PGDATA/$making ]]; then
    die "$PGDATA is not empty and is no data directory of PostgreSQL. Nothing was changed; mount an empty volume, or set PGDATA to a directory below it"
  fi
  if [[ -z $POSTGRES_PASSWORD && $POSTGRES_HOST_AUTH_METHOD != trust ]]; then
    die "no password is set for the superuser, and everybody on the network could connect.
  Set POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE): docker run -e POSTGRES_PASSWORD=… IMAGE
  To do without on purpose, for example in a test, set POSTGRES_HOST_AUTH_METHOD=trust"
  fi
  if [[ $POSTGRES_HOST_AUTH_METHOD == trust ]]; then
    printf 'warning: POSTGRES_HOST_AUTH_METHOD is trust: everybody who reaches the port is let in without a password\n' >&2
  fi
}

make_database() {
  local options=() cluster=$PGDATA/$making/cluster
  # People write several options into one variable.
  read -r -a options <<<"${POSTGRES_INITDB_ARGS//$'\n'/ }"
  if [[ -n $POSTGRES_INITDB_WALDIR ]]; then
    options+=(--waldir="$POSTGRES_INITDB_WALDIR")
  fi
  # The password goes by a pipe: never by the command line, which everybody can read. An empty one is none.
  if [[ -n $POSTGRES_PASSWORD ]]; then
    options+=(--pwfile=/dev/fd/3)
  fi
  initdb --pgdata="$cluster" --username="$POSTGRES_USER" --encoding=UTF8 --locale="$PGFLAKEGEN_LOCALE" \
    --auth-local=trust --auth-host=scram-sha-256 --no-instructions "${options[@]}" 3< <(printf '%s\n' "$POSTGRES_PASSWORD")
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$cluster/pg_hba.conf"
  cat >>"$cluster/postgresql.conf" <<EOF

# The image's; lines below win over them.
listen_addresses = '*'
include_if_exists '/etc/postgresql/catalogue.conf'
EOF
  find "$cluster" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
  sync "$PGDATA"
  mv "$cluster/PG_VERSION" "$PGDATA"
  rmdir "$cluster"
  sync "$PGDATA"
}

run_sql() { # psql arguments
  PGDATABASE=${PGDATABASE:-$POSTGRES_DB} psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --username="$POSTGRES_USER" --no-password "$@"
}

run_init_files() {
  local file
  if [[ $POSTGRES_DB != postgres ]]; then
    PGDATABASE=postgres run_sql --set=name="$POSTGRES_DB" <<<'create database :"name";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case $file in
      *.sh)
        printf 'running %s\n' "$file"
        if [[ -x $file ]]; then
          "$file"
        else
          # shellcheck source=/dev/null
          source "$file"
        fi
        ;;
      *.sql | *.sql.gz | *.sql.xz | *.sql.zst)
        printf 'running %s\n' "$file"
        case $file in
          *.gz) gzip --decompress --stdout "$file" | run_sql ;;
          *.xz) xz --decompress --stdout "$file" | run_sql ;;
          *.zst) zstd --decompress --stdout "$file" | run_sql ;;
          *) run_sql --file="$file" ;;
        esac
        ;;
      */\*) ;;
      *) printf 'ignoring %s\n' "$file" ;;
    esac
  done
}

job='' server='' stopped=''

# Runs a function in a process group of its own: a signal ends all of it at once, wherever it is.
run_job() { # FUNCTION
  local status=0
  set -o monitor
  (
    trap - EXIT HUP INT QUIT TERM
    "$1"
  ) &
  job=$!
  set +o monitor
  wait "$job" || status=$?
  job=''
  return "$status"
}

start_server() {
  local lines=()
  # Nobody from outside comes in before everything is ready.
  postgres -D "$PGDATA" -c listen_addresses= -c "unix_socket_directories=$PGFLAKEGEN_SOCKETS" -c port=5432 &
  server=$!
  while kill -0 "$server" 2>/dev/null; do
    if { mapfile -t lines <"$PGDATA/postmaster.pid"; } 2>/dev/null &&
      [[ ${lines[0]:-} == "$server" && ${lines[7]:-} == ready* ]]; then
      return
    fi
    sleep 0.1
  done
  wait "$server"
  return 1
}

# However long it takes. A server that has just been started does not listen to signals yet.
stop_server() { # SIGNAL
  while kill "-$1" "$server" 2>/dev/null; do
    sleep 0.1
  done
  wait "$server" 2>/dev/null || true
  server=''
}

# The first start did not get to its end: the volume is as empty as it was, and the next start is a first one.
give_up() {
  local status=$?
  trap - EXIT
  trap '' HUP INT QUIT TERM
  set +o errexit
  if [[ -n $job ]]; then
    kill -TERM -- "-$job" 2>/dev/null
    # Somebody's script may not listen.
    for _ in {1..20}; do
      kill -0 -- "-$job" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$job" 2>/dev/null
    wait "$job" 2>/dev/null
  fi
  if [[ -n $server ]]; then
    stop_server QUIT
  fi
  remove_half_made
  printf 'The first start was not finished; %s is empty again.\n' "$PGDATA" >&2
  exit "$status"
}

remove_half_made() {
  local wal
  rm -f "$PGDATA/PG_VERSION"
  sync "$PGDATA"
  for wal in "$PGDATA/pg_wal" "$PGDATA/$making/cluster/pg_wal"; do
    if [[ -n $POSTGRES_INITDB_WALDIR && -L $wal && $wal -ef $POSTGRES_INITDB_WALDIR ]]; then
      find "$POSTGRES_INITDB_WALDIR" -mindepth 1 -delete
    fi
  done
  find "$PGDATA" -mindepth 1 -maxdepth 1 ! -name "$making" -exec rm -rf {} +
  rm -rf "${PGDATA:?}/$making"
}

first_start() {
  if [[ -d $PGDATA/$making ]]; then
    remove_half_made
  fi
  trap give_up EXIT
  mkdir "$PGDATA/$making"
  sync "$PGDATA"
  run_job make_database
  start_server
  run_job run_init_files
  # From here on it is complete, whatever becomes of the server.
  rmdir "$PGDATA/$making"
  sync "$PGDATA"
  trap - EXIT
  trap 'stopped=1' HUP INT QUIT TERM
  stop_server INT
  printf '\nThe database is ready.\n\n'
  if [[ -n $stopped ]]; then
    exit 0
  fi
}

if [[ ${1:-} == --help ]]; then
  usage
  exit
fi
# Options alone are the server's.
if (($# == 0)) || [[ $1 == -* ]]; then
  set -- postgres "$@"
fi
if [[ $1 != postgres ]]; then
  exec "$@"
fi
for option in "${@:2}"; do
  case $option in
    --help | -\? | --version | -V | --describe-config | -C) exec "$@" ;;
    *) ;;
  esac
done
if ((EUID == 0)); then
  die "PostgreSQL refuses to run as root; run the image without --user root: its own user is postgres"
fi

for variable in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS POSTGRES_INITDB_WALDIR; do
  from_file "$variable"
done
: "${POSTGRES_PASSWORD:=}" "${POSTGRES_USER:=postgres}" "${POSTGRES_INITDB_ARGS:=}" "${POSTGRES_INITDB_WALDIR:=}"
: "${POSTGRES_DB:=$POSTGRES_USER}" "${POSTGRES_HOST_AUTH_METHOD:=}"
: "${PGDATA:=/var/lib/postgresql/data}"

# The first process of a container gets only the signals that it asks for.
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 131' QUIT
trap 'exit 143' TERM

mkdir -p "$PGDATA" 2>/dev/null || true
if [[ ! -w $PGDATA ]]; then
  die "user $UID cannot write to $PGDATA; a mounted directory must belong to it (chown 999:999)"
fi
chmod 700 "$PGDATA" 2>/dev/null || true
if [[ -s $PGDATA/PG_VERSION && -d $PGDATA/$making ]]; then
  die "the first start of the database in $PGDATA was killed while init files were running: it is half made, and is not served.
  Nothing was changed. Empty the volume (docker volume rm …) and start again; to keep what is there, half made as
  it is, remove the directory $PGDATA/$making"
elif [[ -s $PGDATA/PG_VERSION ]]; then
  there=$(<"$PGDATA/PG_VERSION")
  here=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
  if [[ $there != "$here" ]]; then
    die "$PGDATA is of PostgreSQL $there, and this image is of PostgreSQL $here. Nothing was changed; upgrade it with pg_upgrade or pg_dumpall"
  fi
else
  check_first_start
  first_start
fi
unset POSTGRES_PASSWORD
exec "$@" -c "unix_socket_directories=$PGFLAKEGEN_SOCKETS"
