# shellcheck shell=bash
# Where servers are found: for each port a directory that only its user can enter. It holds the server's
# socket and log, and links that say what it runs on:
#
#   name, bin, data   the PostgreSQL of the catalogue, its store path, the data directory
#   temporary         what goes with the server
#   server            its process
#   primary, slot     of a replica; synchronous: the primary waits for it
#   pgpass            the passwords that a replica was started with
#   making            what it is to have is being made
#
# The directory is its own lock: who changes what is in it holds it, a server in the foreground as long as it
# runs. What a killed server left is nobody's, and the next one clears it away.

# Sets base, the directory of all state directories.
find_base() {
  base=${XDG_RUNTIME_DIR:-}
  if [[ ! -d $base || ! -w $base ]]; then
    base=${TMPDIR:-/tmp}
  fi
  base=$(realpath -m -- "$base")
  # The path of a socket has room for about 100 bytes, and clients and servers take a comma for the end of it.
  if ((${#base} > 60)) || [[ ! -d $base || ! -w $base || $base == *[!A-Za-z0-9/._@%=+~-]* ]]; then
    base=/tmp
  fi
  base=${base%/}/pgflakegen-$UID
  mkdir -m 700 "$base" 2>/dev/null || true
  if [[ -L $base || ! -d $base || ! -O $base ]]; then
    die "$base should be a directory of yours, and is not; remove it or set TMPDIR"
  fi
  chmod 700 "$base"
}

# Sets state for the port.
find_state() { # PORT
  find_base
  state=$base/$1
}

# What tells a process from a later one of the same number: the number and when it began.
process_identity() { # PID
  local stat fields boot
  if [[ ! $1 =~ ^[1-9][0-9]*$ ]]; then
    return 1
  fi
  if [[ -r /proc/sys/kernel/random/boot_id ]]; then
    # Not $(<…), which ends the shell when the process ends between opening and reading.
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The second field is a name in parentheses, in which anything can be.
    read -r -a fields <<<"${stat##*) }"
    if [[ ${fields[0]:-} == Z ]]; then
      return 1
    fi
    boot=$(</proc/sys/kernel/random/boot_id)
    printf '%s %s %s' "$1" "$boot" "${fields[19]:-}"
  else
    stat=$(LC_ALL=C ps -o lstart= -p "$1" 2>/dev/null) || return 1
    printf '%s %s' "$1" "$stat"
  fi
}

link_of() { # STATE NAME
  readlink "$1/$2" 2>/dev/null || true
}

# Sets server_pid to the process of the server that the state directory is for; fails when it does not run.
# shellcheck disable=SC2034
find_server() { # STATE PORT
  local recorded identity lines data client
  server_pid=''
  recorded=$(link_of "$1" server)
  if identity=$(process_identity "${recorded%% *}") && [[ $identity == "$recorded" ]]; then
    server_pid=${recorded%% *}
    return 0
  fi
  # `pg_ctl restart` makes it another process, which answers on the same socket.
  data=$(link_of "$1" data)
  client=$(link_of "$1" bin)/bin/pg_isready
  if { mapfile -t lines <"$data/postmaster.pid"; } 2>/dev/null && [[ ${lines[3]:-} == "$2" && ${lines[4]:-} == "$1" ]]; then
    local status=0
    "$client" --quiet --host="$1" --port="$2" || status=$?
    # It takes connections, or says why it does not.
    if ((status <= 1)) && process_identity "${lines[0]}" >/dev/null; then
      server_pid=${lines[0]}
      return 0
    fi
  fi
  return 1
}

# Sets found to the state directories of the servers that run: of the name and port, where they are given.
find_running() { # NAME PORT
  local each its_name
  found=()
  for each in "$base"/*; do
    if [[ ! -d $each || (-n $2 && ${each##*/} != "$2") ]]; then continue; fi
    its_name=$(link_of "$each" name)
    if [[ -n $1 && $its_name != "$1" ]]; then continue; fi
    if find_server "$each" "${each##*/}"; then found+=("$each"); fi
  done
}

# Sets state and port to those of the server on the data directory; fails when there is none.
serves_datadir() {
  local each data
  find_running '' ''
  for each in "${found[@]}"; do
    data=$(link_of "$each" data)
    if [[ $data == "$datadir" ]]; then
      state=$each port=${each##*/}
      return
    fi
  done
  return 1
}

port_is_used() { # PORT
  local address
  for address in 127.0.0.1 ::1; do
    if (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null; then
      return 0
    fi
  done
  return 1
}
