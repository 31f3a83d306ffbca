# shellcheck shell=bash
# Clusters: making them, running them for a while, stopping them.

readonly conf_file=pgflakegen.conf
# In a data directory whose content was not made to the end.
# shellcheck disable=SC2034
readonly unfinished_file=pgflakegen.unfinished

# Locales of Nix's glibc come from an archive; systems other than NixOS do not name one.
set_locale() {
  local archive
  archive=$(query '.localeArchive // ""')
  if [[ -n $archive && -z ${LOCALE_ARCHIVE:-} ]]; then
    export LOCALE_ARCHIVE=$archive
  fi
}

write_conf() { # DATADIR NAME BIN
  postgresql_conf "$2" "$3" >"$1/$conf_file"
}

# On the socket no password is needed: only who owns its directory can connect.
init_cluster() { # DATADIR NAME BIN [initdb options]
  local datadir=$1 init_name=$2 init_bin=$3 locale log
  shift 3
  set_locale
  locale=$(query .locale)
  # macOS has no C.UTF-8.
  if [[ $locale == C.UTF-8 && $OSTYPE == darwin* ]]; then
    locale=C
  fi
  if ! log=$(umask 077 && "$init_bin/bin/initdb" --pgdata="$datadir" --username="$superuser" --encoding=UTF8 \
    --locale="$locale" --auth-local=trust --auth-host=scram-sha-256 --no-instructions "$@" 2>&1); then
    printf '%s\n' "$log" >&2
    die "initdb failed"
  fi
  write_conf "$datadir" "$init_name" "$init_bin"
  {
    printf '\n# The catalogue'\''s settings, written anew at each start; lines below win over them.\n'
    printf "include_if_exists '%s'\n" "$conf_file"
  } >>"$datadir/postgresql.conf"
}

quote_for_sh() { # WORD…
  local word
  for word; do
    printf "'%s' " "${word//\'/\'\\\'\'}"
  done
}

# Sets start_it to what starts a PostgreSQL on a data directory.
show_start() { # NAME DATADIR
  local quoted
  quoted=$(quote_for_sh "$2")
  if [[ $2 == */.pg/* ]]; then
    start_it="nix run .#pg -- start $1 --datadir ${quoted% }"
  else
    start_it="nix run .#start-server -- $1 --datadir ${quoted% }"
  fi
}

# Sets way_out to what to type where a data directory is of another major than the PostgreSQL.
of_another_major() { # DATADIR ITS-MAJOR NAME MAJOR
  local quoted its start_it
  quoted=$(quote_for_sh "$1")
  its=$(query '[.postgresqls | to_entries[] | select(.value.major | tostring == $major) | .key][0] // ""' --arg major "$2")
  way_out="Start it with PostgreSQL $2"
  if [[ -n $its ]]; then
    show_start "$its" "$1"
    way_out+=" ($start_it)"
  fi
  if [[ $2 =~ ^[0-9]+$ ]] && (($2 < $4)); then
    way_out+=", upgrade it (nix run .#upgrade -- $3 --datadir ${quoted% })"
  fi
}

# Starts a server in the background and waits until it answers.
start_background() { # BIN DATADIR LOG [postgres options]
  local start_bin=$1 datadir=$2 log=$3 options
  shift 3
  set_locale
  options=$(quote_for_sh "$@")
  if ! "$start_bin/bin/pg_ctl" start --silent --wait --timeout=120 --pgdata="$datadir" --log="$log" \
    --options="$options" >&2; then
    tail -n 30 "$log" | printable_lines >&2 || true
    die "PostgreSQL did not start; its log is $log"
  fi
}

# Starts a server that only its own socket directory leads to.
start_private() { # BIN DATADIR SOCKETS PORT LOG [postgres options]
  local start_bin=$1 datadir=$2 sockets=$3 private_port=$4 log=$5
  shift 5
  start_background "$start_bin" "$datadir" "$log" -c listen_addresses= -c "unix_socket_directories=$sockets" \
    -c "port=$private_port" "$@"
}

stop_cluster() { # BIN DATADIR
  "$1/bin/pg_ctl" stop --silent --wait --mode=fast --pgdata="$2" >&2
}
