# shellcheck shell=bash
# What every tool knows: messages, and the catalogue's data in $PGFLAKEGEN_CATALOGUE (JSON).

readonly program=${0##*/}

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

list_names() {
  query '.postgresqls | keys_unsorted | join(", ")'
}

# Sets name, major, bin, and builds the PostgreSQL if it is not in the store yet.
select_postgresql() { # NAME
  name=$1
  if [[ -z $name ]]; then
    die "which PostgreSQL? There are: $(list_names)"
  fi
  if [[ $(query '.postgresqls | has($name)' --arg name "$name") != true ]]; then
    die "the catalogue has no PostgreSQL '$name'. There are: $(list_names)"
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
  local library libraries=()
  while read -r library; do
    if has_library "$2" "$library"; then
      libraries+=("$library")
    fi
  done < <(query '.postgresqls[$name].preload[]' --arg name "$1")
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
