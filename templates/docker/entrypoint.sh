# shellcheck shell=bash
# The image's entrypoint: makes the database on the first start, then becomes the server.

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
start, in the order of names.
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
  if ! id -un >/dev/null 2>&1; then
    die "user $(id -u) has no name in this image, and initdb wants one; run it without --user, or mount an /etc/passwd that has it"
  fi
  if [[ -n $(ls -A "$PGDATA") ]]; then
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
  local options=()
  # People write several options into one variable.
  read -r -a options <<<"${POSTGRES_INITDB_ARGS//$'\n'/ }"
  if [[ -n $POSTGRES_INITDB_WALDIR ]]; then
    options+=(--waldir="$POSTGRES_INITDB_WALDIR")
  fi
  # The password goes by a pipe: never by the command line, which everybody can read. An empty one is none.
  if [[ -n $POSTGRES_PASSWORD ]]; then
    options+=(--pwfile=/dev/fd/3)
  fi
  initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --encoding=UTF8 --locale="$PGFLAKEGEN_LOCALE" \
    --auth-local=trust --auth-host=scram-sha-256 --no-instructions "${options[@]}" 3< <(printf '%s\n' "$POSTGRES_PASSWORD")
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  cat >>"$PGDATA/postgresql.conf" <<EOF

# The image's; lines below win over them.
listen_addresses = '*'
include_if_exists '/etc/postgresql/catalogue.conf'
EOF
}

run_sql() { # psql arguments
  PGDATABASE=${PGDATABASE:-$POSTGRES_DB} psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
    --username="$POSTGRES_USER" --no-password "$@"
}

run_init_files() {
  local file
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
          *.sql) run_sql --file="$file" ;;
          *.gz) gzip --decompress --stdout "$file" | run_sql ;;
          *.xz) xz --decompress --stdout "$file" | run_sql ;;
          *.zst) zstd --decompress --stdout "$file" | run_sql ;;
        esac
        ;;
      */\*) ;;
      *) printf 'ignoring %s\n' "$file" ;;
    esac
  done
}

first_start() {
  make_database
  # Nobody from outside comes in before everything is ready.
  pg_ctl start --silent --wait --pgdata="$PGDATA" \
    --options="-c listen_addresses= -c unix_socket_directories=$PGFLAKEGEN_SOCKETS -c port=5432"
  if [[ $POSTGRES_DB != postgres ]]; then
    PGDATABASE=postgres run_sql --set=name="$POSTGRES_DB" <<<'create database :"name";'
  fi
  run_init_files
  pg_ctl stop --silent --wait --mode=fast --pgdata="$PGDATA"
  printf '\nThe database is ready.\n\n'
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

mkdir -p "$PGDATA" 2>/dev/null || true
if [[ ! -w $PGDATA ]]; then
  die "user $(id -u) cannot write to $PGDATA; a mounted directory must belong to it (chown 999:999)"
fi
chmod 700 "$PGDATA" 2>/dev/null || true
if [[ -s $PGDATA/PG_VERSION ]]; then
  there=$(<"$PGDATA/PG_VERSION")
  here=$(postgres --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
  if [[ $there != "$here" ]]; then
    die "$PGDATA is of PostgreSQL $there, and this image is of PostgreSQL $here. Nothing was changed; upgrade it with pg_upgrade or pg_dumpall"
  fi
else
  check_first_start
  # A database that is half made would look ready at the next start.
  trap 'find "$PGDATA" -mindepth 1 -delete' EXIT
  first_start
  trap - EXIT
fi
unset POSTGRES_PASSWORD
exec "$@" -c "unix_socket_directories=$PGFLAKEGEN_SOCKETS"
