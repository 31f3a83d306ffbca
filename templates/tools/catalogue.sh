# shellcheck shell=bash
# What every tool knows: messages, and the catalogue's data in $PGFLAKEGEN_CATALOGUE (JSON).

readonly program=${0##*/}
readonly PGFLAKEGEN_CATALOGUE=${PGFLAKEGEN_CATALOGUE:?}

note() {
  printf '%s: %s\n' "$program" "$*" >&2
}

die() {
  note "$@"
  exit 2
}

query() { # FILTER [jq options]: from the catalogue, as plain text
  jq --raw-output "$@" "$PGFLAKEGEN_CATALOGUE"
}

# Not every tool needs all of them.
# shellcheck disable=SC2034
{
  names=$(query '.postgresqls | keys_unsorted | join(", ")')
  default_name=$(query '.["default-postgresql"]')
  default_port=$(query .port)
  superuser=$(query .superuser)
  readonly names default_name default_port
}

# Text from outside (a server's, a file's), for a terminal: on one line, nothing that acts.
make_printable() { # VARIABLE…
  local -n printable
  for printable; do
    if [[ $printable == *[[:cntrl:]]* || $printable == *$'\xc2'[$'\x80'-$'\x9f']* ]]; then
      printf -v printable '%q' "$printable"
    fi
  done
}

# The same for many lines, as a filter.
printable_lines() {
  LC_ALL=C sed --unbuffered -e 's/[\x01-\x08\x0b-\x1f\x7f]/?/g' -e 's/\xc2[\x80-\x9f]/?/g'
}

# Appends WORD to the connection string in conninfo as NAME.
add_conninfo() { # NAME WORD
  local word=$2
  if [[ $word == '' || $word == *[!A-Za-z0-9/._@%+:~-]* ]]; then
    word=${word//\\/\\\\}
    word="'${word//\'/\\\'}'"
  fi
  conninfo+="${conninfo:+ }$1=$word"
}

is_name() { # NAME: of a PostgreSQL of the catalogue
  local there
  there=$(query '.postgresqls | has($name)' --arg name "$1")
  [[ $there == true ]]
}

# Sets name, major, bin, and builds the PostgreSQL if it is not in the store yet.
# shellcheck disable=SC2034
select_postgresql() { # NAME
  name=$1
  if [[ -z $name ]]; then
    die "which PostgreSQL? There are: $names"
  fi
  if ! is_name "$name"; then
    die "the catalogue has no PostgreSQL '$name'. There are: $names"
  fi
  local derivation
  major=$(query '.postgresqls[$name].major' --arg name "$name")
  bin=$(query '.postgresqls[$name].bin // ""' --arg name "$name")
  derivation=$(query '.postgresqls[$name].derivation // ""' --arg name "$name")
  if [[ -z $bin ]]; then
    die "PostgreSQL $name cannot be had on this system; 'nix build .#psql_$name/bin' says why"
  fi
  if [[ ! -e $bin ]]; then
    command -v nix-store >/dev/null || die "$bin is not in the store, and there is no nix-store to build it with"
    note "building PostgreSQL $name"
    nix-store --realise "$derivation" >/dev/null || die "PostgreSQL $name could not be built"
  fi
}

refuse_root() {
  if ((EUID == 0)); then
    die "PostgreSQL refuses to run as root. Run this as another user, for example:
  su - USER -c 'nix run …'
  setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME=/tmp nix run …"
  fi
}

check_port() { # PORT
  if [[ ! $1 =~ ^[0-9]{1,5}$ ]] || ((10#$1 < 1 || 10#$1 > 65535)); then
    die "'$1' is no port: give a number from 1 to 65535"
  fi
}

# The one way to write it: without leading zeros.
# shellcheck disable=SC2034
set_port() { # PORT
  check_port "$1"
  port=$((10#$1))
}

has_library() { # BIN LIBRARY
  local file
  for file in "$1/lib/$2".{so,dylib} "$1/lib/postgresql/$2".{so,dylib}; do
    if [[ -e $file ]]; then
      return 0
    fi
  done
  return 1
}

# The catalogue's part of postgresql.conf for NAME, as it fits the build in BIN: an extension that this
# system does not have is not preloaded.
postgresql_conf() { # NAME BIN
  local library libraries=() preload
  preload=$(query '.postgresqls[$name].preload[]' --arg name "$1")
  while read -r library; do
    if [[ -n $library ]] && has_library "$2" "$library"; then
      libraries+=("$library")
    fi
  done <<<"$preload"
  printf "# From the catalogue, for PostgreSQL %s.\n" "$1"
  local IFS=,
  printf "shared_preload_libraries = '%s'\n" "${libraries[*]}"
  # shellcheck disable=SC2016
  query '
    def quoted: "\u0027" + (gsub("\\\\"; "\\\\") | gsub("\u0027"; "\u0027\u0027") | gsub("\n"; "\\n")) + "\u0027";
    .postgresqls[$name].settings | to_entries[]
    | "\(.key) = \(.value | if type == "boolean" then (if . then "on" else "off" end)
                            elif type == "number" then tostring
                            else quoted end)"' --arg name "$1"
}
