# shellcheck shell=bash disable=SC2154
# The first part of the image's entrypoint: what scripts in /docker-entrypoint-initdb.d, and entrypoints that
# source this one, may call. The names are those of the official image.

readonly making=.first-start

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# A value from the environment, from the file that NAME_FILE names, or else the default; exported.
file_env() { # NAME [DEFAULT]
  local file_variable=$1_FILE value=${!1:-}
  local file=${!file_variable:-}
  if [[ -n $file ]]; then
    if [[ -n $value ]]; then
      die "both $1 and $file_variable are set: only one can be"
    fi
    if [[ ! -r $file ]]; then
      die "$file_variable is $file, which cannot be read"
    fi
    value=$(<"$file")
  fi
  export "$1=${value:-${2:-}}"
  unset "$file_variable"
}

docker_setup_env() {
  file_env POSTGRES_PASSWORD
  file_env POSTGRES_USER postgres
  file_env POSTGRES_DB "${POSTGRES_USER:=}"
  file_env POSTGRES_INITDB_ARGS
  file_env POSTGRES_INITDB_WALDIR
  : "${POSTGRES_PASSWORD:=}" "${POSTGRES_DB:=}" "${POSTGRES_INITDB_ARGS:=}" "${POSTGRES_INITDB_WALDIR:=}"
  export POSTGRES_HOST_AUTH_METHOD=${POSTGRES_HOST_AUTH_METHOD:-} PGDATA=${PGDATA:-$PGFLAKEGEN_PGDATA}
  if [[ -z ${PGPORT:-} ]]; then
    unset PGPORT
  elif [[ ! $PGPORT =~ ^[1-9][0-9]{0,4}$ ]]; then
    die "PGPORT is '$PGPORT', which is no port"
  fi
  DATABASE_ALREADY_EXISTS=''
  if [[ -s $PGDATA/PG_VERSION ]]; then
    DATABASE_ALREADY_EXISTS=true
  fi
}

# As root, everything belongs to the server's user afterwards; links are not followed.
docker_create_db_directories() {
  local directory
  for directory in "$PGDATA" "$PGFLAKEGEN_SOCKETS" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"}; do
    mkdir -p "$directory" 2>/dev/null || true
    if ((EUID == 0)); then
      find "$directory" ! -user postgres -exec chown --no-dereference postgres {} + ||
        die "root may not give $directory to the user postgres. Run the image as postgres (without --user root), or give it --cap-add CHOWN"
    fi
  done
  chmod 700 "$PGDATA" ${POSTGRES_INITDB_WALDIR:+"$POSTGRES_INITDB_WALDIR"} 2>/dev/null || true
  chmod 3777 "$PGFLAKEGEN_SOCKETS" 2>/dev/null || true
}

docker_verify_minimum_env() {
  if [[ $POSTGRES_HOST_AUTH_METHOD == *[[:cntrl:]]* ]]; then
    die "POSTGRES_HOST_AUTH_METHOD is not one line"
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

# What was there before there was a folder for each major, or is of another major.
docker_error_old_databases() {
  local place version
  if [[ $PGDATA != "$PGFLAKEGEN_PGDATA" || $PGDATA != */*/docker ]]; then
    return
  fi
  for place in "$PGFLAKEGEN_VOLUME" "$PGFLAKEGEN_VOLUME/data" "$PGFLAKEGEN_VOLUME"/*/docker; do
    if [[ $place != "$PGDATA" && -s $place/PG_VERSION ]]; then
      version=$(<"$place/PG_VERSION")
      other_major "$place" "$version"
    fi
  done
  if mountpoint_of "$PGFLAKEGEN_VOLUME/data"; then
    die "something is mounted at $PGFLAKEGEN_VOLUME/data, where nothing is stored any more. From PostgreSQL 18 on a volume is
  mounted at $PGFLAKEGEN_VOLUME, and the data are in $PGDATA; or set PGDATA=$PGFLAKEGEN_VOLUME/data"
  fi
}

mountpoint_of() { # PATH: whether something is mounted there
  local path
  while read -r _ _ _ _ path _; do
    if [[ $path == "$1" ]]; then
      return 0
    fi
  done </proc/self/mountinfo
  return 1
}

other_major() { # DATA VERSION
  die "$1 is of PostgreSQL $2, and this image is of PostgreSQL $PGFLAKEGEN_MAJOR. Nothing was changed. To upgrade by a dump:
  docker run --name old -d -v VOLUME:… IMAGE-OF-$2
  docker exec old pg_dumpall --username=USER >all.sql
  docker run -v NEW-VOLUME:$PGFLAKEGEN_VOLUME -v \"\$PWD/all.sql\":/docker-entrypoint-initdb.d/all.sql …
  On this machine, 'nix run .#migration-test' tries it first, with pg_upgrade as well"
}

# psql as the superuser on the database that was asked for. Nothing that somebody set for psql disturbs it.
docker_process_sql() { # [psql arguments]
  (
    forget_client_settings all
    exec env PGHOST="$PGFLAKEGEN_SOCKETS" PGDATABASE="${POSTGRES_DB:-$POSTGRES_USER}" psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --no-password "$@"
  )
}

# Of libpq's variables: those that could lead elsewhere than to the server of the first start, or all.
forget_client_settings() { # reach|all
  local variable
  for variable in "${!PG@}"; do
    case $variable in
      PGDATA | PGPORT | PGPASSWORD | PGFLAKEGEN_*) ;;
      PGHOST | PGHOSTADDR | PGSERVICE | PGSERVICEFILE | PGSYSCONFDIR | PGSSL* | PGGSS* | PGREQUIRE* | PGCHANNELBINDING | \
        PGTARGETSESSIONATTRS | PGLOADBALANCEHOSTS) unset "$variable" ;;
      *) if [[ $1 == all ]]; then unset "$variable"; fi ;;
    esac
  done
}

docker_setup_db() {
  local there
  there=$(docker_process_sql --dbname=postgres --tuples-only --no-align --set=name="$POSTGRES_DB" \
    <<<"select 'there' from pg_database where datname = :'name'")
  if [[ -z $there ]]; then
    docker_process_sql --dbname=postgres --set=name="$POSTGRES_DB" <<<'create database :"name";'
  fi
}

docker_process_init_files() { # FILE…
  # Scripts of old call it as "${psql[@]}".
  # shellcheck disable=SC2034
  local psql=(docker_process_sql) file strict
  for file; do
    case $file in
      *.sh)
        printf 'running %s\n' "$file"
        if [[ -x $file ]]; then
          "$file"
        else
          # Written for an entrypoint that does not mind unset variables.
          strict=$-
          set +o nounset
          # shellcheck source=/dev/null
          source "$file"
          if [[ $strict == *u* ]]; then set -o nounset; fi
        fi
        ;;
      *.sql | *.sql.gz | *.sql.xz | *.sql.zst)
        printf 'running %s\n' "$file"
        case $file in
          *.gz) gzip --decompress --stdout "$file" | docker_process_sql ;;
          *.xz) xz --decompress --stdout "$file" | docker_process_sql ;;
          *.zst) zstd --decompress --stdout "$file" | docker_process_sql ;;
          *) docker_process_sql --file="$file" ;;
        esac
        ;;
      */\*) ;;
      *) printf 'ignoring %s\n' "$file" ;;
    esac
  done
}

server=''

# The server's process, be it a child or one that a script has started anew; nothing when there is none.
server_pid() {
  local pid=''
  { read -r pid <"$PGDATA/postmaster.pid"; } 2>/dev/null || true
  if [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null; then
    printf '%s\n' "$pid"
  elif [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
    printf '%s\n' "$server"
  fi
}

# Nobody from outside comes in before everything is ready.
docker_temp_server_start() { # [postgres] [options for postgres]
  local lines=()
  if [[ ${1:-} == postgres ]]; then
    shift
  fi
  env --unset=NOTIFY_SOCKET postgres -D "$PGDATA" "$@" -c listen_addresses= -c "unix_socket_directories=$PGFLAKEGEN_SOCKETS" \
    -c port="${PGPORT:-5432}" &
  server=$!
  while kill -0 "$server" 2>/dev/null; do
    if { mapfile -t lines <"$PGDATA/postmaster.pid"; } 2>/dev/null &&
      [[ ${lines[0]:-} == "$server" && ${lines[7]:-} == ready* ]]; then
      return
    fi
    sleep 0.1
  done
  wait "$server" || true
  server=''
  return 1
}

# However long it takes. A server that has just been started does not listen to signals yet.
docker_temp_server_stop() { # [SIGNAL]
  local pid
  while pid=$(server_pid) && [[ -n $pid ]]; do
    kill "-${1:-INT}" "$pid" 2>/dev/null || true
    sleep 0.1
  done
  if [[ -n $server ]]; then
    wait "$server" 2>/dev/null || true
  fi
  server=''
}

docker_init_database_dir() { # [initdb options]
  mkdir -p "$PGDATA/$making"
  make_database "$@"
  rmdir "$PGDATA/$making"
}

# docker_init_database_dir has done it: a database is complete before anything can see it.
pg_setup_hba_conf() {
  :
}
