# shellcheck shell=bash disable=SC2154
# The last part of the image's entrypoint: makes the database on the first start, then becomes the server.

usage() {
  cat <<END
Starts PostgreSQL; on the first start with an empty volume, makes the database.

usage: docker run IMAGE [postgres] [OPTIONS for postgres]
       docker run IMAGE PROGRAM [ARGUMENTS]

  POSTGRES_PASSWORD          the superuser's password; needed on the first start
  POSTGRES_USER              the superuser  (default: postgres)
  POSTGRES_DB                a database to create  (default: the superuser's name)
  POSTGRES_INITDB_ARGS       more options for initdb, in quotes where they want them
  POSTGRES_INITDB_WALDIR     a directory for the write-ahead log
  POSTGRES_HOST_AUTH_METHOD  for connections over the network  (default: scram-sha-256)
  PGDATA                     the data directory  (default: $PGFLAKEGEN_PGDATA)
  PGPORT                     the port  (default: 5432)

The first five also as NAME_FILE: the name of a file that has the value.
What is in /docker-entrypoint-initdb.d (*.sh, *.sql, *.sql.gz, *.sql.xz, *.sql.zst) is run on the first
start, in the order of names. A first start that is stopped, or in which one of them fails, leaves the volume
empty again.
END
}

_pg_want_help() {
  local option
  for option; do
    case $option in
      --help | -\? | --version | -V | --describe-config | -C) return 0 ;;
      *) ;;
    esac
  done
  return 1
}

check_directories() {
  if [[ ! -d $PGDATA || ! -w $PGDATA || ! -O $PGDATA ]]; then
    die "user $EUID cannot have its data in $PGDATA: that must belong to it, and must be writable.
  A directory of the host: chown $EUID DIRECTORY, or start once with --user root, which gives it to postgres
  A volume for another user: set PGDATA to a directory below where it is mounted"
  fi
  if [[ ! -w $PGFLAKEGEN_SOCKETS ]]; then
    die "user $EUID cannot write to $PGFLAKEGEN_SOCKETS, where the server's socket is. With a read-only image:
  --tmpfs $PGFLAKEGEN_SOCKETS:mode=1777 --tmpfs /tmp"
  fi
}

_main() {
  local there
  # Options alone are the server's.
  if (($# == 0)) || [[ $1 == -* ]]; then
    set -- postgres "$@"
  fi
  if [[ $1 != postgres ]] || _pg_want_help "${@:2}"; then
    exec "$@"
  fi

  docker_setup_env
  docker_create_db_directories
  if ((EUID == 0)); then
    gosu postgres id >/dev/null 2>&1 ||
      die "root may not become the user postgres. Run the image as postgres (without --user root), or give it --cap-add SETUID --cap-add SETGID"
    exec gosu postgres "${BASH_SOURCE[0]}" "$@"
  fi
  check_directories

  # The first process of a container gets only the signals that it asks for.
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 131' QUIT
  trap 'exit 143' TERM

  if [[ -n $DATABASE_ALREADY_EXISTS && -d $PGDATA/$making ]]; then
    die "the first start of the database in $PGDATA was killed while init files were running: it is half made, and is not served.
  Nothing was changed. Empty the volume (docker volume rm …) and start again; to keep what is there, half made as
  it is, remove the directory $PGDATA/$making"
  elif [[ -n $DATABASE_ALREADY_EXISTS ]]; then
    there=$(<"$PGDATA/PG_VERSION")
    if [[ $there != "$PGFLAKEGEN_MAJOR" ]]; then
      other_major "$PGDATA" "$there"
    fi
  else
    docker_error_old_databases
    check_first_start
    first_start "${@:2}"
  fi
  unset POSTGRES_PASSWORD
  exec postgres -c "unix_socket_directories=$PGFLAKEGEN_SOCKETS" "${@:2}"
}

# Sourced, it is only functions, for scripts that do not mind unset variables.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  if [[ ${1:-} == --help ]]; then
    usage
  else
    _main "$@"
  fi
else
  set +o nounset
fi
