# shellcheck shell=bash disable=SC2154
# The ways to upgrade: each brings the content of the running server old into the running server new.

update_extensions() {
  local database databases
  list_databases new
  for database in "${databases[@]}"; do
    sql new "$database" >&2 <<'SQL'
select format('alter extension %I update', name) from pg_available_extensions
where installed_version <> default_version order by name
\gexec
SQL
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
      sql old postgres --set=from="$database" --set=to="migration_test_database_$number" <<<'alter database :"from" rename to :"to";'
      make_printable database
      note "$method refuses line breaks in the names of databases: $database goes as migration_test_database_$number. Rename it before you upgrade it"
    fi
  done
}

rename_back() { # old|new
  local from
  for from in "${!travels_as[@]}"; do
    sql "$1" postgres --set=from="$from" --set=to="${travels_as[$from]}" <<<'alter database :"from" rename to :"to";'
  done
}

by_pg_upgrade() {
  local upgrade=("$new_bin/bin/pg_upgrade" --old-bindir="$old_bin/bin" --new-bindir="$new_bin/bin" \
    --old-datadir="$work/old" --new-datadir="$work/new" --username="$superuser" --socketdir="$work/upgrade")
  stop old
  stop new
  cd "$work/upgrade"
  step "pg_upgrade --check"
  "${upgrade[@]}" --check >"$work/pg_upgrade-check.log" 2>&1 || show_failure "pg_upgrade --check" "$work/pg_upgrade-check.log"
  step "pg_upgrade"
  "${upgrade[@]}" >"$work/pg_upgrade.log" 2>&1 || show_failure "pg_upgrade" "$work/pg_upgrade.log"
  start new
  update_extensions
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
  on old postgres pg_dumpall >"$work/all.sql"
  without_superuser <"$work/all.sql" | sql new postgres >"$work/restore.log" || die "the dump cannot be restored"
}

# The tables whose rows replication carries: not those of extensions, not unlogged ones.
readonly replicated="
  pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')"

# What has to be copied beside them.
readonly not_replicated="
  pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (exists (select from pg_extension where c.oid = any (extconfig))
         or c.relpersistence = 'u'
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
    add_conninfo host "$work/old-socket"
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
select format('select setval(%L, %s, %L);', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null)
from pg_sequences
where not exists (select from pg_depend where classid = 'pg_class'::regclass and deptype = 'e'
                    and objid = format('%I.%I', schemaname, sequencename)::regclass);
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
  local database databases position number
  step "definitions by pg_dumpall --schema-only"
  on old postgres pg_dumpall --schema-only >"$work/schema.sql"
  without_superuser <"$work/schema.sql" | sql new postgres >"$work/restore.log" || die "the definitions cannot be restored"

  step "logical replication"
  list_databases old
  # A subscription's slot is named after it, and a slot cannot have every name that a database can.
  for number in "${!databases[@]}"; do
    replicate "${databases[number]}" "migration_test_$number"
  done
  for database in "${databases[@]}"; do
    wait_for "the first copy of the tables of $database" new "$database" \
      "select coalesce(bool_and(srsubstate = 'r'), true) from pg_subscription_rel"
  done
  load_changes
  position=$(sql old postgres --command="select pg_current_wal_lsn()")
  wait_for "the last changes" old postgres \
    "select coalesce(bool_and(confirmed_flush_lsn >= :'position'), true) from pg_replication_slots where slot_type = 'logical'" \
    --set=position="$position"
  for number in "${!databases[@]}"; do
    database=${databases[number]}
    sql new "$database" --set=name="migration_test_$number" <<<'drop subscription if exists :"name";'
    sql old "$database" --command="drop publication if exists migration_test"
    copy_the_rest "$database"
  done
}
