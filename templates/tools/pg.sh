# shellcheck shell=bash disable=SC2154
# One program for the servers that one works with: their data stays, and they are found by the PostgreSQL's name.

usage() {
  cat <<EOF
Servers to work with. Their data stays, in .pg/NAME of the repository that one is in.

usage: $program COMMAND [NAME] [PORT] [OPTION…]

  start    start a server in the background; its data directory is made when it is not there, with what
           [server] of the catalogue says. Without PORT it has a socket only, which all of these commands find
           --foreground   run until Ctrl-C
           --trust        with PORT: let everybody on this machine in as everybody, without a password
           -- OPTIONS     for postgres
  stop     stop it
  status   which servers of yours run; of NAME or PORT: whether it runs and takes connections
  logs     what it has logged; --follow: and goes on logging
  psql     psql in it; -- ARGUMENTS for psql
  reset    stop it and remove its data, so that start makes it anew; asks before, --yes does not

  NAME           one of: $names  (default: $default_name, or the one that runs)
  PORT           which one of them (start: listen there, on localhost)
  --datadir DIR  start and reset: another data directory

Ends with 0 if all is well, with 1 if what status asks for does not run, and with 2 after an error.
Other servers of yours, from start-server and start-replica, are found as well.
EOF
}

command=${1:-}
case $command in
  start | stop | status | logs | psql | reset) shift ;;
  --help | -h | help)
    usage
    exit
    ;;
  '')
    usage >&2
    exit 2
    ;;
  *) die "there is no command '$command': start, stop, status, logs, psql, reset; see $program --help" ;;
esac

has_option() { # OPTION COMMAND…: the commands that have it
  local option=$1 other
  shift
  for other; do
    if [[ $other == "$command" ]]; then return; fi
  done
  die "$program $command has no option $option; see $program --help"
}

# What comes after NAME and PORT is in words, for postgres or psql.
wanted_name='' wanted_port='' datadir_given='' foreground='' follow='' yes='' passed=()
while (($# > 0)); do
  case $1 in
    --help | -h)
      usage
      exit
      ;;
    --foreground)
      has_option "$1" start
      foreground=1
      ;;
    --trust)
      has_option "$1" start
      passed+=("$1")
      ;;
    --follow | -f)
      has_option "$1" logs
      follow=1
      ;;
    --yes)
      has_option "$1" reset
      yes=1
      ;;
    --datadir | --datadir=*)
      has_option --datadir start reset
      if [[ $1 == --datadir ]]; then
        (($# > 1)) || die "--datadir wants a value; see $program --help"
        shift
        datadir_given=$1
      else
        datadir_given=${1#*=}
      fi
      [[ -n $datadir_given ]] || die "the value of --datadir is empty; was a variable not set?"
      ;;
    --)
      has_option -- start psql
      shift
      break
      ;;
    '') die "an argument is empty; was a variable not set? See $program --help" ;;
    -*) die "there is no option $1; see $program --help" ;;
    *)
      if [[ -z $wanted_name$wanted_port ]] && is_name "$1"; then
        wanted_name=$1
      elif [[ -z $wanted_port && $1 =~ ^[0-9]+$ ]]; then
        set_port "$1"
        wanted_port=$port
      elif [[ -z $wanted_name$wanted_port ]]; then
        die "the catalogue has no PostgreSQL '$1', and it is no port. There are: $names"
      else
        die "too many arguments: '$1'; see $program --help"
      fi
      ;;
  esac
  shift
done
words=("$@")

# Where data is kept: beside the flake that one is in, or else here.
root=$PWD
while [[ -n $root && ! -e $root/flake.nix ]]; do
  root=${root%/*}
done
kept=${root:-$PWD}/.pg
find_base

# Of several, those of this repository are meant; of several of these, the default.
narrow() {
  local each data test narrowed
  for test in "$kept/" "$kept/$default_name"; do
    narrowed=()
    for each in "${found[@]}"; do
      data=$(link_of "$each" data)
      if [[ $data == "$test"* ]]; then narrowed+=("$each"); fi
    done
    if ((${#found[@]} > 1 && ${#narrowed[@]} > 0)); then found=("${narrowed[@]}"); fi
  done
}

# Sets state, port, name and server_pid to those of the one server that is meant.
choose_running() {
  local each shown=''
  find_running "$wanted_name" "$wanted_port"
  narrow
  if ((${#found[@]} == 0)); then
    say_none_runs
    exit 2
  fi
  if ((${#found[@]} > 1)); then
    for each in "${found[@]}"; do
      shown+="${shown:+, }$(link_of "$each" name) on port ${each##*/}"
    done
    die "which one? There are: $shown"
  fi
  state=${found[0]}
  port=${state##*/}
  name=$(link_of "$state" name)
  # It may have ended just now.
  find_server "$state" "$port" || die "the server on port $port has ended"
}

say_none_runs() {
  local given=${wanted_name:+ $wanted_name}${wanted_port:+ $wanted_port} what=''
  what+=${wanted_name:+ of PostgreSQL $wanted_name}${wanted_port:+ on port $wanted_port}
  note "no server of yours$what runs. Start one: nix run .#pg -- start$given"
  say_other_major
}

# Of data that start would not take.
say_other_major() {
  local there way_out wanted=${wanted_name:-$default_name} wanted_major
  choose_kept
  { read -r there <"$datadir/PG_VERSION"; } 2>/dev/null || return 0
  make_printable there
  wanted_major=$(query '.postgresqls[$name].major' --arg name "$wanted")
  if [[ $there != "$wanted_major" ]]; then
    of_another_major "$datadir" "$there" "$wanted" "$wanted_major"
    note "$datadir is of PostgreSQL $there, and PostgreSQL $wanted is of major $wanted_major. $way_out"
  fi
}

# Sets datadir to what start and reset are about.
choose_kept() {
  datadir=$(realpath -m -- "${datadir_given:-$kept/${wanted_name:-$default_name}}")
}

start() {
  local start=(start-server "${wanted_name:-$default_name}")
  choose_kept
  if serves_datadir; then
    if [[ -n $wanted_port && $wanted_port != "$port" ]]; then
      die "a server runs on $datadir already, on port $port; stop it first"
    fi
    note "PostgreSQL ${wanted_name:-$default_name} runs already, as port $port"
    return
  fi
  if [[ -z $datadir_given && ! -e $kept ]]; then
    mkdir -m 700 -- "$kept" || die "there can be no data in $kept; give --datadir DIR"
    # Nothing of it is for git.
    printf '*\n' >"$kept/.gitignore"
  fi
  if [[ -n $wanted_port ]]; then start+=("$wanted_port"); fi
  if [[ -z $foreground ]]; then start+=(--daemonize); fi
  exec "${start[@]}" --datadir "$datadir" "${passed[@]}" -- "${words[@]}"
}

# Shows a server; fails when it does not take connections.
show_status() { # STATE
  local is='takes connections' data name
  data=$(link_of "$1" data)
  name=$(link_of "$1" name)
  if [[ -L $1/making ]]; then
    is='is being made'
  elif ! "$(link_of "$1" bin)/bin/pg_isready" --quiet --host="$1" --port="${1##*/}" --username="$superuser" --dbname=postgres; then
    is='does not take connections'
  elif [[ -L $1/primary ]]; then
    is='takes connections, a replica'
  fi
  make_printable data name
  printf '%s\tport %s\t%s\t%s\n' "$name" "${1##*/}" "$is" "$data"
  [[ $is == takes* ]]
}

status() {
  local each well=''
  find_running "$wanted_name" "$wanted_port"
  if ((${#found[@]} == 0)); then
    say_none_runs
    exit 1
  fi
  for each in "${found[@]}"; do
    if show_status "$each"; then well=1; fi
  done
  [[ -n $well ]] || exit 1
}

logs() {
  local data file current options=()
  choose_running
  file=$state/log
  data=$(link_of "$state" data)
  # With logging_collector = on it writes files of its own.
  current=$(sed -n 's/^stderr //p' "$data/current_logfiles" 2>/dev/null) || true
  if [[ -n $current ]]; then file=$data/$current; fi
  if [[ ! -f $file ]]; then
    die "the server on port $port runs in the foreground: what it logs is where it was started"
  fi
  if [[ -n $follow ]]; then options=(--follow --pid="$server_pid"); fi
  tail --lines=+1 "${options[@]}" -- "$file" | printable_lines
}

reset() {
  local answer='' gone
  choose_kept
  if [[ ! -e $datadir ]]; then
    die "there is no data directory $datadir"
  fi
  if [[ -L $datadir || ! -e $datadir/PG_VERSION || ! -e $datadir/$conf_file || ! -O $datadir ]]; then
    die "$datadir is no data directory that $program or start-server has made. Nothing was removed"
  fi
  if [[ -z $yes ]]; then
    if [[ ! -t 0 ]]; then
      die "all data in $datadir would be removed; say that it is meant: --yes"
    fi
    printf '%s: remove all data in %s? Type yes: ' "$program" "$datadir" >&2
    read -r answer || true
    if [[ $answer != yes ]]; then
      die "nothing was removed"
    fi
  fi
  if serves_datadir; then
    start-server --stop "$port"
  fi
  select_postgresql "${wanted_name:-$default_name}"
  if "$bin/bin/pg_ctl" status --pgdata="$datadir" >/dev/null 2>&1; then
    die "a server that was started otherwise runs on $datadir. Nothing was removed"
  fi
  # Whatever comes in between, there is no half of it in its place.
  gone=$datadir.removed.$$
  mv -- "$datadir" "$gone"
  rm -rf -- "$gone"
  note "$datadir is gone; start makes it anew"
}

case $command in
  start | status | logs | reset) "$command" ;;
  stop)
    choose_running
    exec start-server --stop "$port"
    ;;
  psql)
    choose_running
    exec start-client "$name" "$port" -- "${words[@]}"
    ;;
  *) ;;
esac
