# shellcheck shell=bash disable=SC2154
# Taking a port for a server to come, and giving it back: the changes of state directories.

# Whether the path is still what was opened. macOS does not tell which file a descriptor is.
is_open_as() { # PATH DESCRIPTOR
  [[ $OSTYPE == darwin* || $1 -ef /dev/fd/$2 ]]
}

# Takes the lock of the state directory, making it; fails when somebody else has it.
lock_state() { # [options of flock]
  while true; do
    mkdir -m 700 "$state" 2>/dev/null || [[ -d $state ]] || die "$state cannot be made"
    { exec 9<"$state"; } 2>/dev/null || continue
    if ! flock "$@" 9; then
      exec 9<&-
      return 1
    fi
    # Who had the lock before may have removed the directory.
    if is_open_as "$state" 9; then
      return 0
    fi
    exec 9<&-
  done
}

# Removes the state directory, whose lock we have.
remove_state() {
  rm -rf -- "$state"
  exec 9<&-
}

# Of a start that ended while it took the state directory: it may have made it. With somebody or something in it, it
# is another's.
leave_state() {
  if { exec 9<"$state"; } 2>/dev/null; then
    if flock --nonblock 9 && is_open_as "$state" 9; then
      rmdir -- "$state" 2>/dev/null
    fi
    exec 9<&-
  fi
}

# What a server that was killed has left. Its state directory, whose lock we have, stays, empty.
clear_stale_state() {
  local left
  left=$(link_of "$state" temporary)
  leave_primary
  if [[ -n $left ]] && ! runs_on "$left/data"; then
    note "removing $left, left behind by a server that was killed"
    rm -rf -- "$left"
  fi
  find "$state" -mindepth 1 -delete
}

# Whether some server runs on the data directory.
runs_on() { # DATADIR
  local pid=''
  { read -r pid <"$1/postmaster.pid"; } 2>/dev/null || return 1
  # A server that was killed leaves the file; its children may live on for a moment.
  process_identity "$pid" >/dev/null
}

# Takes the port for the server to come; says who has it before anything is done.
# shellcheck disable=SC2034
claim_port() { # PORT TCP
  local data
  find_state "$1"
  if find_server "$state" "$1"; then
    data=$(link_of "$state" data)
    die "port $1 is in use by a server of yours on $data. Stop it with 'start-server --stop $1', or give another port"
  fi
  claiming=1
  if ! lock_state --nonblock; then
    die "port $1 is being taken by another start of yours at this moment. Wait for it, or give another port"
  fi
  # It may have begun and returned in between.
  if find_server "$state" "$1"; then
    die "port $1 is in use by a server of yours, started just now"
  fi
  claimed=1
  clear_stale_state
  if [[ -n $2 ]] && port_is_used "$1"; then
    die "port $1 is in use by another program. Give another port: $program $name PORT"
  fi
}

remember() { # NAME=VALUE…
  local link
  for link; do
    ln -sfn -- "${link#*=}" "$state/${link%%=*}"
  done
}

# Two starts on one data directory: the second must not see what the first has half made.
lock_datadir() { # [options of flock]
  if [[ ! -d $datadir ]]; then
    die "$datadir is not a directory"
  fi
  { exec 8<"$datadir"; } 2>/dev/null || die "$datadir cannot be read"
  if ! flock "$@" 8 || ! is_open_as "$datadir" 8; then
    die "another start or upgrade of yours is at work on $datadir at this moment"
  fi
}
