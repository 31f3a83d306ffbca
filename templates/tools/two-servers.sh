# shellcheck shell=bash disable=SC2154
# The two servers of an upgrade, and what there is in them.

# Paths of sockets must be short, wherever the clusters are.
sockets=$(TMPDIR=/tmp mktemp -d "/tmp/$program.XXXXXX")
work=${work:-$sockets}
mkdir "$sockets"/{old,new}-socket "$sockets/upgrade"
running=() verdict='' home=postgres

clean_up() {
  local status=$? server
  trap - EXIT
  for server in "${running[@]}"; do
    stop_cluster "${server%%=*}" "${server#*=}" 2>/dev/null || true
  done
  if [[ -n $keep ]]; then
    note "the working directory is kept: $work"
  else
    discard_work
  fi
  if [[ -z $keep || $sockets != "$work" ]]; then
    rm -rf -- "$sockets"
  fi
  # Whatever status a program ended with, only the comparison says 0 or 1.
  if [[ -z $verdict && $status != 2 ]]; then
    note "it could not run to its end; why is said above"
    status=2
  fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 2' HUP INT QUIT TERM

step() {
  printf '== %s\n' "$*" >&2
}

slots=20

# What the methods want, and what a server does not start without: slots and prepared transactions that are there. In a
# file, as pg_upgrade starts both servers itself. Jobs of pg_cron are for the server that is in use.
write_wanted() { # DATADIR PREPARED
  printf '%s\n' "wal_level = logical" "max_replication_slots = $slots" "max_wal_senders = $slots" \
    "max_logical_replication_workers = 20" "max_worker_processes = 40" "max_prepared_transactions = $2" \
    "cron.launch_active_jobs = off" >>"$1/postgresql.conf"
}

# Without the lock on the data directory, which is not the server's. It need not wait for its disk: a copy goes in the end,
# and what stays is written to the disk at once before it counts.
start() { # old|new
  local which_bin=$old_bin
  if [[ $1 == new ]]; then which_bin=$new_bin; fi
  start_private "$which_bin" "$work/$1" "$sockets/$1-socket" 5432 "$work/$1.log" \
    -c fsync=off 8<&-
  running+=("$which_bin=$work/$1")
}

stop() { # old|new
  local which_bin=$old_bin server left=()
  if [[ $1 == new ]]; then which_bin=$new_bin; fi
  stop_cluster "$which_bin" "$work/$1"
  for server in "${running[@]}"; do
    if [[ $server != "$which_bin=$work/$1" ]]; then left+=("$server"); fi
  done
  running=("${left[@]}")
}

# PostgreSQL's own programs of NEW, connected to one of the servers; they know older servers too. What follows
# --dbname can be read as a connection string: a database goes by the environment, where it is only a name.
on() { # old|new DATABASE PROGRAM [arguments]
  local server=$1 database=$2 command=$3
  shift 3
  PGHOST=$sockets/$server-socket PGPORT=5432 PGUSER=$superuser PGDATABASE=$database \
    PGOPTIONS='-c client_min_messages=warning' "$new_bin/bin/$command" "$@"
}

# SQL with values in it comes from standard input, with --set: what --command has is not interpolated.
sql() { # old|new DATABASE [psql arguments]
  local server=$1 database=$2
  shift 2
  on "$server" "$database" psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

# Sets home to the database that one connects to where it does not matter which: not everybody has one named postgres.
find_home() {
  local there
  there=$(sql old template1 --command="select exists (select from pg_database where datname = 'postgres' and datallowconn)")
  if [[ $there == f ]]; then
    home=template1
  fi
}

# Every new cluster has a database postgres.
drop_if_new() {
  if [[ $home != postgres ]]; then
    sql new "$home" --command="drop database if exists postgres"
  fi
}

# Sets databases to the names of those that one can connect to.
list_databases() { # old|new
  sql "$1" "$home" --record-separator-zero >"$work/databases" \
    --command="select datname from pg_database where datallowconn and datconnlimit <> -2 order by 1"
  mapfile -d '' -t databases <"$work/databases"
}

# Sets file to a name for what belongs to the database.
file_of() { # DATABASE
  file=$(md5sum <<<"$1")
  file=${file%% *}
}

# Writes the content of a server to $work/SERVER.fingerprint, its definitions to files in $work/SERVER.schema, and what
# belongs to extensions to files in $work/SERVER.members.
fingerprint() { # old|new
  local database file databases
  rm -rf "$work/$1.schema" "$work/$1.members"
  mkdir "$work/$1.schema" "$work/$1.members"
  if [[ $1 == old ]]; then
    sql old "$home" --field-separator-zero --record-separator-zero \
      --command="select name, coalesce(comment, '(none)') from pg_available_extensions" >"$work/old.comments"
  fi
  list_databases "$1"
  for database in "${databases[@]}"; do
    file_of "$database"
    sql "$1" "$database" --set=home="$home" --set=grantors="$((old_major >= 16))" --file="$PGFLAKEGEN_FINGERPRINT"
    definitions "$1" "$database" >"$work/$1.schema/$file"
    sql "$1" "$database" --file="$PGFLAKEGEN_MEMBERS" >"$work/$1.members/$file"
    sql "$1" "$database" --command="$list_extensions" >"$work/$1.members/$file.sql"
    if grep -q '^create extension' "$work/$1.members/$file.sql"; then
      members_anew "$1" "$file" "$work/$1.members/$file.sql"
      if [[ $1 == new && -s $work/old.members/$file.sql ]]; then
        members_anew new "$file" "$work/old.members/$file.sql" updated
      fi
    fi
  done >"$work/$1.fingerprint"
}

# Of extensions without their comments, which a newer version can have rewritten: those are compared on their own.
definitions() { # old|new DATABASE
  on "$1" "$2" pg_dump --schema-only --format=custom --file="$work/definitions"
  "$new_bin/bin/pg_restore" --list "$work/definitions" | { grep -vE '^[0-9]+; [0-9]+ [0-9]+ COMMENT - EXTENSION ' || true; } >"$work/entries"
  "$new_bin/bin/pg_restore" --use-list="$work/entries" --file=- "$work/definitions"
}

# Without what comes before the first definition, and depends on the server that wrote it. All else stays: a line
# can be in the body of a function, whatever it looks like.
normalised() { # FILE
  awk '
    !begun && sub(/^\\restrict /, "") { key = $0 }
    /^-- (Name|TOC entry)[: ]/ { begun = 1 }
    begun && (key == "" || $0 != "\\unrestrict " key)' "$1"
}

readonly scratch=migration_test_scratch

new_scratch() { # old|new
  drop_scratch "$1"
  sql "$1" "$home" --command="create database $scratch template template0"
}

drop_scratch() { # old|new
  local there
  there=$(sql "$1" "$home" --command="select exists (select from pg_database where datname = '$scratch')")
  if [[ $there == f ]]; then
    return
  fi
  # A subscription keeps its database from being dropped.
  sql "$1" "$scratch" <<'SQL'
select format(command, subname) from pg_subscription,
  (values (1, 'alter subscription %I disable'), (2, 'alter subscription %I set (slot_name = none)'), (3, 'drop subscription %I'))
    as c (step, command)
where subdbid = (select oid from pg_database where datname = current_database()) order by subname, step \gexec
SQL
  sql "$1" "$home" --command="drop database $scratch"
}

# Both definitions as $work/compared has them. A newer PostgreSQL writes some in another form: where the texts differ,
# OLD's are loaded into an empty database of NEW and compared as that writes them.
compare_or_rewrite() { # FILE
  local compared=$work/compared rewritten=$work/old.rewritten/$1
  normalised "$work/old.schema/$1" >"$compared/old/$1"
  normalised "$work/new.schema/$1" >"$compared/new/$1"
  if cmp --silent "$compared/old/$1" "$compared/new/$1"; then
    return
  fi
  mkdir -p "$work/old.rewritten"
  if [[ ! -e $rewritten || $work/old.schema/$1 -nt $rewritten ]]; then
    new_scratch new
    on new "$scratch" psql --no-psqlrc --quiet --file="$work/old.schema/$1" >/dev/null 2>"$work/scratch.log" || true
    definitions new "$scratch" >"$rewritten"
    drop_scratch new
  fi
  normalised "$rewritten" >"$compared/old/$1"
}

compare_definitions() {
  local file database databases server lines sum
  list_databases new
  rm -rf "$work/compared"
  mkdir -p "$work"/compared/{old,new}
  for database in "${databases[@]}"; do
    file_of "$database"
    if [[ ! -e $work/old.schema/$file || ! -e $work/new.schema/$file ]]; then
      continue
    fi
    compare_or_rewrite "$file"
    for server in old new; do
      lines=$(wc -l <"$work/compared/$server/$file")
      sum=$(md5sum <"$work/compared/$server/$file")
      printf 'schema\0%s\0%s lines %s\0' "$database" "$lines" "${sum:0:12}" >>"$work/$server.all"
    done
  done
}

# The extensions of a database, as commands that make them in another.
readonly list_extensions="
  select format('create schema if not exists %I;', nspname) from pg_extension as e join pg_namespace as n on n.oid = extnamespace
  where nspname !~ '^pg_' union all
  select * from (select format('create extension if not exists %I with schema %I version %L cascade;', extname, nspname, extversion)
    from pg_extension as e join pg_namespace as n on n.oid = extnamespace where extname <> 'plpgsql' order by e.oid) as extensions"

# What extensions have when they are made anew, in the version that they have; with `updated` made as in OLD and then
# updated. What cannot be made has no lines.
members_anew() { # old|new FILE COMMANDS [updated]
  local target=$work/$1.anew${4:-}/$2
  if [[ -e $target ]]; then
    return
  fi
  mkdir -p "$work/$1.anew${4:-}"
  new_scratch "$1"
  on "$1" "$scratch" psql --no-psqlrc --quiet --file="$3" >/dev/null 2>&1 || true
  if [[ -n ${4:-} ]]; then
    on "$1" "$scratch" psql --no-psqlrc --quiet >/dev/null 2>&1 <<'SQL' || true
select format('alter extension %I update', extname) from pg_extension \gexec
SQL
  fi
  sql "$1" "$scratch" --file="$PGFLAKEGEN_MEMBERS" >"$target"
  drop_scratch "$1"
}

# For each extension: its name, a tab, and whether what it has is what it has when it is made anew.
judge_members() { # old|new FILE
  local nothing=/dev/null
  local anew=$work/$1.anew/$2 updated=$work/$1.anewupdated/$2
  [[ -e $anew ]] || anew=$nothing
  [[ -e $updated ]] || updated=$nothing
  LC_ALL=C awk -F '\t' '
    FNR == 1 || part == "" { while (FILENAME != ARGV[part + 0]) part++ }
    { has[part, $1, $2] = $3; if (!((part, $1) in seen)) { seen[part, $1]; if (part == 3) extensions[++count] = $1 }
      if (!(($1, $2) in things)) { things[$1, $2]; list[$1] = list[$1] "\t" $2 } }
    function changed(extension, other,    n, i, parts, text) {
      n = split(substr(list[extension], 2), parts, "\t"); text = ""
      for (i = 1; i <= n; i++)
        if (((3, extension, parts[i]) in has) || ((other, extension, parts[i]) in has))
          if (!((3, extension, parts[i]) in has) || !((other, extension, parts[i]) in has) ||
              has[3, extension, parts[i]] != has[other, extension, parts[i]])
            text = text ", " parts[i] " " substr(has[3, extension, parts[i]], 1, 8)
      return text
    }
    END {
      for (e = 1; e <= count; e++) {
        x = extensions[e]
        if (!((1, x) in seen) && !((2, x) in seen)) { print x "\tnot to be made anew"; continue }
        first = changed(x, 1)
        if (first == "" || ((2, x) in seen && changed(x, 2) == "")) print x "\tas installed"
        else print x "\tchanged: " substr(first, 3)
      }
    }' "$anew" "$updated" "$work/$1.members/$2"
}

compare_members() {
  local file database databases server extension verdict_on
  list_databases new
  for database in "${databases[@]}"; do
    file_of "$database"
    for server in old new; do
      if [[ -s $work/$server.members/$file.sql ]]; then
        judge_members "$server" "$file" >"$work/judged"
        while IFS=$'\t' read -r extension verdict_on; do
          if [[ $extension != plpgsql ]]; then
            printf 'extension members\0%s\0%s\0' "$database.$extension" "$verdict_on" >>"$work/$server.all"
          fi
        done <"$work/judged"
      fi
    done
  done
}

load_changes() {
  if [[ -z $data && -e $PGFLAKEGEN_MIGRATIONS/changes.sql ]]; then
    sql old "$home" --file="$PGFLAKEGEN_MIGRATIONS/changes.sql" >/dev/null
  fi
}

# The superuser is there already, made by initdb. Roles come first in a dump: a line of data that looks like
# this one stays.
without_superuser() {
  BARE="CREATE ROLE $superuser;" QUOTED="CREATE ROLE \"${superuser//\"/\"\"}\";" awk '
    !done && ($0 == ENVIRON["BARE"] || $0 == ENVIRON["QUOTED"]) { done = 1; next }
    { print }'
}
