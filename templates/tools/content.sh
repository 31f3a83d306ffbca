# shellcheck shell=bash disable=SC2154
# What [server] of the catalogue wants in a new data directory: users, databases, their extensions and scripts.

# For jq: a name, and any text, as they stand in SQL. In E'' a backslash means the same whatever the settings say.
readonly quoting='
  def name: "\"" + gsub("\""; "\"\"") + "\"";
  def text: "E\u0027" + (gsub("\\\\"; "\\\\") | gsub("\u0027"; "\u0027\u0027")) + "\u0027";'

# Prints what a filter makes of it.
content() { # FILTER [jq options]
  local filter=$1
  shift
  query "$quoting .postgresqls[\$name].server | $filter" --arg name "$name" "$@"
}

# psql as the superuser, in the background so that a signal need not wait for it: when the server ends, so does psql. A
# database goes by the environment, where it is only a name. What has passwords gets into no log.
run_in() { # DATABASE [psql options]; SQL comes from standard input
  local database=$1 status=0
  shift
  PGOPTIONS="$unlogged -c client_min_messages=warning" PGDATABASE=$database PGCLIENTENCODING=UTF8 \
    "$bin/bin/psql" --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --host="$state" --port="$port" \
    --username="$superuser" --no-password "$@" <&0 >&2 8<&- 9<&- &
  wait "$!" || status=$?
  return "$status"
}

make_users() {
  local sql
  sql=$(content '
    (.users[]
      | "create role \(.name | name)",
        (if .options | index("nologin") then empty else "login" end),
        (.options[] | select(IN("superuser", "createdb", "createrole", "replication", "bypassrls", "nologin"))),
        (.password | if . == null then empty else "password \(text)" end),
        ";"),
    (.users[] | .name as $user | ."member-of"[] | "grant \(name) to \($user | name);")')
  run_in postgres <<<"$sql" || die "the users of [server] in catalogue/flake.toml cannot be made; why is said above"
}

make_databases() {
  local count at sql database scripts script shown
  # These two are there.
  sql=$(content '
    .databases[]
    | if IN(.name; "postgres", "template1")
      then .name as $database | .owner // empty | "alter database \($database | name) owner to \(name);"
      else "create database \(.name | name)\(.owner | if . == null then "" else " owner \(name)" end);" end')
  run_in postgres <<<"$sql" || die "the databases of [server] in catalogue/flake.toml cannot be made; why is said above"
  count=$(content '.databases | length')
  for ((at = 0; at < count; at++)); do
    database=$(content '.databases[$at].name' --argjson at "$at")
    shown=$database
    make_printable shown
    sql=$(content '.databases[$at].extensions[] | "create extension if not exists \(name) cascade;"' --argjson at "$at")
    run_in "$database" <<<"$sql" || die "an extension cannot be created in the database $shown; why is said above"
    scripts=$(content '.databases[$at].scripts[]' --argjson at "$at")
    while read -r script; do
      if [[ -n $script ]]; then
        run_in "$database" --file="$script" </dev/null ||
          die "a script of the database $shown failed: ${script##*/}; why is said above"
      fi
    done <<<"$scripts"
  done
}

# Fills the new data directory, by a server that only its own user can connect to. Killed on the way, it leaves a mark.
make_content() { # PORT
  local port=$1 wanted
  wanted=$(content 'if . == null then "" else (.users, .databases | length | tostring) end')
  if [[ -z ${wanted//[0$'\n']/} ]]; then
    return
  fi
  note "making what the catalogue's [server] says"
  touch "$datadir/$unfinished_file"
  remember "data=$datadir" "bin=$bin" "name=$name" "making=1"
  set_locale
  start_postgres 1 -c listen_addresses= -c "port=$port" -c "unix_socket_directories=$state"
  make_users
  make_databases
  end_server || die "the server that made it did not end well"
  server='' starting=''
  rm -- "$state"/{making,log} "$datadir/$unfinished_file"
}
