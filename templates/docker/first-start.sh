# shellcheck shell=bash disable=SC2154
# The second part of the image's entrypoint: the first start.
#
# What the first start has got to can be seen from outside, whenever it was killed:
#
#   $PGDATA/$making           from before its first change until all init files have run
#   $PGDATA/$making/cluster   initdb works in here; what it made moves up, PG_VERSION last
#   $PGDATA/PG_VERSION        there is a database; with $making beside it, a half made one
#
# So a database with $making is never served, one without is never removed, and what has $making but no
# PG_VERSION was never more than initdb's and is made again. To give up, PG_VERSION goes first and $making last.

readonly init_files=/docker-entrypoint-initdb.d

check_first_start() {
  local there
  there=$(ls -A "$PGDATA")
  if [[ -n $there && ! -d $PGDATA/$making ]]; then
    die "$PGDATA is not empty and is no data directory of PostgreSQL. Nothing was changed; mount an empty volume, or set PGDATA to a directory below it"
  fi
  if [[ -e $init_files && ! (-r $init_files && -x $init_files) ]]; then
    die "user $EUID cannot read $init_files. Nothing was made; give it to everybody to read: chmod -R a+rX DIRECTORY"
  fi
  if [[ -n $POSTGRES_INITDB_WALDIR && ! -O $POSTGRES_INITDB_WALDIR ]]; then
    die "POSTGRES_INITDB_WALDIR is $POSTGRES_INITDB_WALDIR, which does not belong to user $EUID"
  fi
  split_initdb_args
  docker_verify_minimum_env
}

# POSTGRES_INITDB_ARGS as words, which can be in quotes as on a command line. None of it is run.
split_initdb_args() {
  local words
  words=$(xargs --no-run-if-empty "$BASH" -c 'printf "%s\n" "$@"' initdb <<<"${POSTGRES_INITDB_ARGS//$'\n'/ }" 2>&1) ||
    die "POSTGRES_INITDB_ARGS is not what a command line would be: $words"
  initdb_args=()
  if [[ -n $words ]]; then
    mapfile -t initdb_args <<<"$words"
  fi
}

make_database() { # [initdb options]
  local options=() cluster=$PGDATA/$making/cluster initdb=(initdb)
  split_initdb_args
  if [[ -n $POSTGRES_INITDB_WALDIR ]]; then
    options+=(--waldir="$POSTGRES_INITDB_WALDIR")
  fi
  # The password goes by a pipe: never by the command line, which everybody can read. An empty one is none.
  if [[ -n $POSTGRES_PASSWORD ]]; then
    options+=(--pwfile=/dev/fd/3)
  fi
  # initdb wants to know what its user is called.
  if ! id -un >/dev/null 2>&1; then
    printf 'postgres:x:%s:%s:PostgreSQL:%s:/bin/sh\n' "$EUID" "${GROUPS[0]}" "$PGDATA" >"$PGDATA/$making/passwd"
    printf 'postgres:x:%s:\n' "${GROUPS[0]}" >"$PGDATA/$making/group"
    initdb=(env LD_PRELOAD="$PGFLAKEGEN_NSS_WRAPPER" NSS_WRAPPER_PASSWD="$PGDATA/$making/passwd"
      NSS_WRAPPER_GROUP="$PGDATA/$making/group" initdb)
  fi
  "${initdb[@]}" --pgdata="$cluster" --username="$POSTGRES_USER" --encoding=UTF8 --locale="$PGFLAKEGEN_LOCALE" \
    --auth-local=trust --auth-host=scram-sha-256 --no-instructions "${options[@]}" "${initdb_args[@]}" "$@" \
    3< <(printf '%s\n' "$POSTGRES_PASSWORD")
  set_host_method "$cluster"
  cat >>"$cluster/postgresql.conf" <<END

# The image's; lines below win over them.
listen_addresses = '*'
include_if_exists '/etc/postgresql/catalogue.conf'
END
  find "$cluster" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PGDATA" {} +
  sync "$PGDATA"
  mv "$cluster/PG_VERSION" "$PGDATA"
  rm -rf "$cluster" "$PGDATA/$making"/{passwd,group}
  sync "$PGDATA"
}

# initdb's lines for localhost have our method, unless its options named another: then that stays for them.
set_host_method() { # CLUSTER
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256} line lines=()
  while IFS= read -r line; do
    if [[ $line =~ ^(host[[:blank:]].*[[:blank:]])scram-sha-256[[:blank:]]*$ ]]; then
      line=${BASH_REMATCH[1]}$method
    fi
    lines+=("$line")
  done <"$1/pg_hba.conf"
  printf '%s\n' "${lines[@]}" '' "host all all all $method" >"$1/pg_hba.conf"
}

run_init_files() {
  # For the scripts' own clients.
  forget_client_settings reach
  export PGHOST=$PGFLAKEGEN_SOCKETS
  # Where a password is wanted on the socket, too.
  export PGPASSWORD=${PGPASSWORD:-$POSTGRES_PASSWORD}
  docker_setup_db
  docker_process_init_files "$init_files"/*
}

job='' stopped=''

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
  docker_temp_server_stop QUIT
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

first_start() { # [postgres options]
  if [[ -d $PGDATA/$making ]]; then
    remove_half_made
  fi
  trap give_up EXIT
  mkdir "$PGDATA/$making"
  sync "$PGDATA"
  run_job make_database
  docker_temp_server_start "$@"
  run_job run_init_files
  # From here on it is complete, whatever becomes of the server.
  rmdir "$PGDATA/$making"
  sync "$PGDATA"
  trap - EXIT
  trap 'stopped=1' HUP INT QUIT TERM
  docker_temp_server_stop
  printf '\nThe database is ready.\n\n'
  if [[ -n $stopped ]]; then
    exit 0
  fi
}
