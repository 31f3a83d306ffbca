# shellcheck shell=bash disable=SC2154
# The ways to upgrade: each brings the content of the running server old into the running server new.

# Sets way to the way that the method goes, and transfer to what pg_upgrade does with the files.
choose_way() {
  way=$method transfer=''
  case $method in
    pg_upgrade) transfer=copy ;;
    link | clone | swap) way=pg_upgrade transfer=$method ;;
    pg_dumpall | logical) ;;
    *) die "there is no method '$method'. There are: $methods" ;;
  esac
}

# Extensions that stay in the version they had, as their update failed: database, name, and why.
not_updated=()

update_extensions() {
  local database databases extension why
  list_databases new
  for database in "${databases[@]}"; do
    sql new "$database" --record-separator-zero >"$work/outdated" \
      --command="select name from pg_available_extensions where installed_version <> default_version order by name"
    while IFS= read -r -d '' extension; do
      if ! why=$(sql new "$database" --set=name="$extension" <<<'alter extension :"name" update;' 2>&1); then
        not_updated+=("$database" "$extension" "$why")
      fi
    done <"$work/outdated"
  done
}

print_not_updated() {
  local at database extension why
  for ((at = 0; at < ${#not_updated[@]}; at += 3)); do
    database=${not_updated[at]} extension=${not_updated[at + 1]}
    why=$(printable_lines <<<"${not_updated[at + 2]}")
    make_printable database extension
    printf '%s in %s stays in its version, as alter extension %s update says:\n%s\n' "$extension" "$database" "$extension" "  ${why//$'\n'/$'\n'  }"
  done
}

# PostgreSQL's own pg_dumpall and pg_upgrade refuse to work on a database with a line break in its name: such
# a one goes by another name, and has its own again before anything is compared.
declare -A travels_as=()

rename_for_the_way() {
  local database databases number=0
  list_databases old
  for database in "${databases[@]}"; do
    if [[ $database == *[$'\n\r']* ]]; then
      ((number += 1))
      travels_as[migration_test_database_$number]=$database
      sql old "$home" --set=from="$database" --set=to="migration_test_database_$number" <<<'alter database :"from" rename to :"to";'
      make_printable database
      note "$way refuses line breaks in the names of databases: $database goes as migration_test_database_$number. Rename it before you upgrade it"
    fi
  done
}

rename_back() { # old|new
  local from
  for from in "${!travels_as[@]}"; do
    sql "$1" "$home" --set=from="$from" --set=to="${travels_as[$from]}" <<<'alter database :"from" rename to :"to";'
  done
}

# Microseconds that the method took, and of them those in which nobody can write.
took=0 down=0

# Runs a command, and counts its time to that of the method; with `down`, as time in which nobody can write.
timed() { # up|down COMMAND…
  local began=${EPOCHREALTIME/[.,]/} spent kind=$1
  shift
  "$@"
  spent=$((${EPOCHREALTIME/[.,]/} - began))
  took=$((took + spent))
  if [[ $kind == down ]]; then
    down=$((down + spent))
  fi
}

# Bytes of the clusters and what else the method has written; a file that both have counts once. Where files are
# clones, only the filesystem knows what they share.
disk_used() {
  if [[ $method == clone ]]; then
    sync --file-system "$work"
    df --output=used --block-size=1 "$work" | tail -n 1
  else
    find "$work" -mindepth 1 -maxdepth 1 \( -name old -o -name new -o -name '*.sql' \) -print0 |
      du --files0-from=- --summarize --total --block-size=1 | tail -n 1 | cut -f1
  fi
}

# How many columns have statistics, which the planner goes by.
count_statistics() { # old|new
  local database databases count=0 here
  list_databases "$1"
  for database in "${databases[@]}"; do
    here=$(sql "$1" "$database" --command="select count(*) from pg_statistic where starelid >= 16384")
    count=$((count + here))
  done
  printf '%s' "$count"
}

by_pg_upgrade() {
  local upgrade=("$new_bin/bin/pg_upgrade" --old-bindir="$old_bin/bin" --new-bindir="$new_bin/bin" \
    --old-datadir="$work/old" --new-datadir="$work/new" --username="$superuser" --socketdir="$sockets/upgrade")
  if [[ $transfer != copy ]]; then
    upgrade+=("--$transfer")
  fi
  # Who wants it on the disk sees to it when all is done.
  if ((new_major >= 15)); then
    upgrade+=(--no-sync)
  fi
  stop new
  step "pg_upgrade --check, while OLD runs"
  timed up try_upgrade check --check
  timed down stop old
  # Neither leaves a cluster that is as it was, and what is compared afterwards is that.
  if [[ $transfer == @(link|swap) && $program != upgrade ]]; then
    cp --archive --reflink=auto "$work/old" "$work/kept" || die "OLD's cluster cannot be copied to $work"
  fi
  step "pg_upgrade ($transfer)"
  timed down try_upgrade upgrade
  timed down start new
  timed down update_extensions
}

try_upgrade() { # LOG [options]
  local log=$work/pg_upgrade-$1.log
  shift
  # It writes to where it is.
  (cd "$sockets/upgrade" && exec "${upgrade[@]}" "$@") >"$log" 2>&1 || show_failure "pg_upgrade${*:+ $*}" "$log"
}

restore_kept() {
  if [[ -e $work/kept ]]; then
    rm -rf -- "${work:?}/old"
    mv -- "$work/kept" "$work/old"
  fi
}

show_failure() { # WHAT LOG
  local log
  {
    cat "$2"
    find "$work/new/pg_upgrade_output.d" -type f -size +0 \( -name '*.log' -o -name '*.txt' \) -print0 >"$work/logs" 2>/dev/null || true
    while IFS= read -r -d '' log; do
      printf -- '-- %s\n' "$log"
      tail -n 20 "$log"
    done <"$work/logs"
  } | printable_lines >&2
  die "$1 failed"
}

by_pg_dumpall() {
  step "pg_dumpall, then psql"
  timed down dump_all
  timed down restore_all all.sql "the dump cannot be restored"
}

dump_all() { # [options]
  on old "$home" pg_dumpall "$@" >"$work/all.sql"
}

restore_all() { # FILE WHAT-FAILED
  without_superuser <"$work/$1" | sql new "$home" >"$work/restore.log" || die "$2"
}

# The tables whose rows replication carries: not those of extensions, not unlogged ones.
readonly replicated="
  pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')"

# What has to be copied beside them.
readonly not_replicated="
  pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind in ('r', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (exists (select from pg_extension where c.oid = any (extconfig))
         or c.relkind = 'r' and c.relpersistence = 'u'
            and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'))"

wait_for() { # WHAT old|new DATABASE SQL [psql arguments]: until it says t
  local what=$1 server=$2 database=$3 question=$4 answer
  shift 4
  for _ in {1..600}; do
    answer=$(sql "$server" "$database" "$@" <<<"$question")
    if [[ $answer == t ]]; then
      return
    fi
    sleep 0.1
  done
  tail -n 20 "$work/new.log" | printable_lines >&2
  make_printable what
  die "waited a minute in vain for $what"
}

replicate() { # DATABASE SUBSCRIPTION
  local published
  sql old "$1" <<SQL
select format('create publication migration_test for table %s', string_agg(format('%I.%I', n.nspname, c.relname), ', '))
from $replicated having count(*) > 0
\\gexec
SQL
  published=$(sql old "$1" --command="select exists (select from pg_publication where pubname = 'migration_test')")
  if [[ $published == t ]]; then
    conninfo=''
    add_conninfo host "$sockets/old-socket"
    add_conninfo port 5432
    add_conninfo user "$superuser"
    add_conninfo dbname "$1"
    sql new "$1" --set=name="$2" --set=conninfo="$conninfo" \
      <<<"create subscription :\"name\" connection :'conninfo' publication migration_test;"
  fi
}

# Replication carries rows of tables only.
copy_the_rest() { # DATABASE
  local table tables=()
  sql old "$1" >"$work/rest.sql" <<'SQL'
select format($$select format('select setval(%%L, %%s, %%L);', %L, last_value, is_called) from %I.%I$$,
  format('%I.%I', schemaname, sequencename), schemaname, sequencename)
from pg_sequences
where not exists (select from pg_depend where classid = 'pg_class'::regclass and deptype = 'e'
                    and objid = format('%I.%I', schemaname, sequencename)::regclass)
\gexec
SQL
  sql old "$1" --record-separator-zero --command="select format('%I.%I', n.nspname, c.relname) from $not_replicated" >"$work/tables"
  while IFS= read -r -d '' table; do
    tables+=(--table="$table")
  done <"$work/tables"
  if ((${#tables[@]} > 0)); then
    on old "$1" pg_dump --data-only "${tables[@]}" >>"$work/rest.sql"
  fi
  on old "$1" pg_dump --data-only -b --exclude-table='*.*' >>"$work/rest.sql"
  sql old "$1" --command="select format('refresh materialized view %I.%I;', schemaname, matviewname) from pg_matviews where ispopulated" >>"$work/rest.sql"
  sql new "$1" --file="$work/rest.sql" >/dev/null
}

by_logical() {
  local databases
  step "definitions by pg_dumpall --schema-only"
  timed up dump_all --schema-only
  timed up restore_all all.sql "the definitions cannot be restored"

  step "logical replication"
  list_databases old
  timed up begin_replication
  load_changes
  timed down end_replication
}

begin_replication() {
  local database number
  # A subscription's slot is named after it, and a slot cannot have every name that a database can.
  for number in "${!databases[@]}"; do
    replicate "${databases[number]}" "migration_test_$number"
  done
  for database in "${databases[@]}"; do
    wait_for "the first copy of the tables of $database" new "$database" \
      "select coalesce(bool_and(srsubstate = 'r'), true) from pg_subscription_rel"
  done
}

# From here on nothing may be written to OLD.
end_replication() {
  local database number position
  position=$(sql old "$home" --command="select pg_current_wal_lsn()")
  wait_for "the last changes" old "$home" \
    "select coalesce(bool_and(confirmed_flush_lsn >= :'position'), true) from pg_replication_slots where slot_name ~ '^migration_test_'" \
    --set=position="$position"
  for number in "${!databases[@]}"; do
    database=${databases[number]}
    sql new "$database" --set=name="migration_test_$number" <<<'drop subscription if exists :"name";'
    sql old "$database" --command="drop publication if exists migration_test"
    copy_the_rest "$database"
  done
}
