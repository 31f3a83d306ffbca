# shellcheck shell=bash disable=SC2034,SC2154
# The two PostgreSQLs of an upgrade: entries of the catalogue, or earlier builds.

# Sets name, major, bin from a name of the catalogue or the path of a build, and entry to whose settings it gets.
select_build() { # NAME-OR-PATH
  local receipt version there extensions
  if [[ $1 != /* ]]; then
    select_postgresql "$1"
    entry=$name
    return
  fi
  bin=$(realpath -m -- "$1")
  if [[ ! -e $bin ]]; then
    die "$1 is not there. A build from a binary cache comes with: nix-store --realise $1"
  fi
  receipt=$bin/receipt.json
  if [[ ! -e $receipt ]] || ! version=$(jq -er '."psql-version"' "$receipt" 2>/dev/null); then
    die "$1 has no receipt.json that says which PostgreSQL it is: give a psql_NAME/bin built by this flake or its predecessors"
  fi
  if ! there=$("$bin/bin/postgres" --version 2>/dev/null); then
    die "$1/bin/postgres does not run"
  fi
  make_printable version there
  if [[ $there != *" ${version//_/.}"* && $there != *" ${version%%[._]*}"* ]]; then
    die "the receipt of $1 is of PostgreSQL $version, but its program is $there"
  fi
  major=${version%%[!0-9]*}
  if [[ ! $major =~ ^[1-9][0-9]*$ ]]; then
    die "the receipt of $1 names no PostgreSQL: its psql-version is $version"
  fi
  # Settings come from the entry that it was built from, or the nearest there is.
  name=$(jq -r '."psql-name" // ""' "$receipt")
  name=$(query '
    .postgresqls as $all
    | if $all | has($name) then $name
      else [$all | to_entries[] | select(.value.major == $major) | .key][0] // "" end' \
    --arg name "$name" --argjson major "$major")
  entry=${name:-$default_name}
  # The catalogue may have none of its major.
  name=${name:-${version//_/.}}
  extensions=$(jq -r '(.extensions + (.nixpkgs.extensions // [])) | length' "$receipt")
  note "$1 is PostgreSQL $version with $extensions extensions"
}

# Sets old_name, old_entry, old_bin, old_major, and the same of new.
select_both() { # OLD NEW
  select_build "$1"
  old_name=$name old_entry=$entry old_bin=$bin old_major=$major
  select_build "$2"
  new_name=$name new_entry=$entry new_bin=$bin new_major=$major
  if ((old_major > new_major)); then
    die "OLD is of major $old_major and NEW of $new_major: PostgreSQL has no way back"
  fi
  if [[ $method == swap ]] && ((new_major < 18)); then
    die "pg_upgrade has --swap since PostgreSQL 18, and NEW is of $new_major: take link"
  fi
}
