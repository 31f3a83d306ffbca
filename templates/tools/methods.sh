# shellcheck shell=bash disable=SC2154
# The ways to upgrade: each brings the content of the running server old into the running server new.

update_extensions() {
  local database
  while read -r database; do
    sql new "$database" >&2 <<'SQL'
select format('alter extension %I update', name) from pg_available_extensions
where installed_version <> default_version order by name
\gexec
SQL
  done < <(databases new)
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
  cat "$2" >&2
  while IFS= read -r log; do
    printf -- '-- %s\n' "$log" >&2
    tail -n 20 "$log" >&2
  done < <(find "$work/new/pg_upgrade_output.d" -type f -size +0 \( -name '*.log' -o -name '*.txt' \) 2>/dev/null | sort)
  die "$1 failed"
}

by_pg_dumpall() {
  step "pg_dumpall, then psql"
  on old pg_dumpall >"$work/all.sql"
  without_superuser <"$work/all.sql" | sql new postgres >"$work/restore.log" || die "the dump cannot be restored"
}

# The tables whose rows replication carries: not those of extensions, not unlogged ones.
readonly replicated="
  select c.oid::regclass from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and c.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')"

# What has to be copied beside them.
readonly not_replicated="
  select c.oid::regclass from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
  where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and (exists (select from pg_extension where c.oid = any (extconfig))
         or c.relpersistence = 'u'
            and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e'))"

wait_for() { # WHAT COMMAND…: until it prints t
  local what=$1
  shift
  for _ in {1..600}; do
    if [[ $("$@") == t ]]; then
      return
    fi
    sleep 0.1
  done
  tail -n 20 "$work/new.log" >&2
  die "waited a minute in vain for $what"
}

by_logical() {
  local database table tables position
  step "definitions by pg_dumpall --schema-only"
  on old pg_dumpall --schema-only >"$work/schema.sql"
  without_superuser <"$work/schema.sql" | sql new postgres >"$work/restore.log" || die "the definitions cannot be restored"

  step "logical replication"
  while read -r database; do
    tables=$(sql old "$database" --command="select string_agg(t::text, ', ') from ($replicated) as tables (t)")
    if [[ -n $tables ]]; then
      sql old "$database" --command="create publication migration_test for table $tables"
      sql new "$database" --command="create subscription migration_test_$database
        connection 'host=$work/old-socket port=5432 user=$superuser dbname=$database' publication migration_test" 2>/dev/null
    fi
  done < <(databases old)
  wait_for "the first copy of all tables" sql new postgres --command="select count(*) > 0 from pg_subscription"
  while read -r database; do
    wait_for "the first copy of the tables of $database" sql new "$database" \
      --command="select coalesce(bool_and(srsubstate = 'r'), true) from pg_subscription_rel"
  done < <(databases new)
  load_changes
  position=$(sql old postgres --command="select pg_current_wal_lsn()")
  wait_for "the last changes" sql old postgres \
    --command="select bool_and(confirmed_flush_lsn >= '$position') from pg_replication_slots where slot_type = 'logical'"
  while read -r database; do
    sql new "$database" --command="drop subscription if exists migration_test_$database" 2>/dev/null
    sql old "$database" --command="drop publication if exists migration_test"

    # Replication carries rows only.
    sql old "$database" >"$work/rest.sql" <<'SQL'
select format('select setval(%L, %s, %L);', format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null)
from pg_sequences
where not exists (select from pg_depend where classid = 'pg_class'::regclass and deptype = 'e'
                    and objid = format('%I.%I', schemaname, sequencename)::regclass);
SQL
    tables=()
    while read -r table; do
      tables+=(--table="$table")
    done < <(sql old "$database" --command="$not_replicated")
    if ((${#tables[@]} > 0)); then
      on old pg_dump --data-only --dbname="$database" "${tables[@]}" >>"$work/rest.sql"
    fi
    on old pg_dump --data-only -b --exclude-table='*.*' --dbname="$database" >>"$work/rest.sql"
    sql old "$database" --command="select format('refresh materialized view %I.%I;', schemaname, matviewname) from pg_matviews where ispopulated" >>"$work/rest.sql"
    sql new "$database" --file="$work/rest.sql" >/dev/null
  done < <(databases old)
}
