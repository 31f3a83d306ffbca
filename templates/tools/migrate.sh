# shellcheck shell=bash disable=SC2154
# What migration-test does, step by step.

step "OLD is PostgreSQL $old_name ($old_bin)"
init_cluster "$work/old" "$old_name" "$old_bin" --data-checksums --no-sync
start old
step "NEW is PostgreSQL $new_name ($new_bin)"
init_cluster "$work/new" "$new_name" "$new_bin" --data-checksums --no-sync
start new

available="select name from pg_available_extensions order by name"
common=$(LC_ALL=C comm -12 <(sql old postgres --command="$available" | LC_ALL=C sort) \
  <(sql new postgres --command="$available" | LC_ALL=C sort) | paste -sd' ')
step "test data"
sql old postgres --set=only="$common" --file="$PGFLAKEGEN_PRIME" >/dev/null
for file in "$PGFLAKEGEN_MIGRATIONS"/*.sql; do
  if [[ ${file##*/} != changes.sql ]]; then
    sql old postgres --file="$file" >/dev/null
  fi
done
if [[ $method != logical ]]; then
  load_changes
  fingerprint old
fi
case $method in
  pg_upgrade) by_pg_upgrade ;;
  pg_dumpall) by_pg_dumpall ;;
  logical) by_logical ;;
esac
if [[ $method == logical ]]; then
  fingerprint old
fi
if [[ -n $before_compare ]]; then
  step "$before_compare"
  sql new postgres --file="$before_compare" >/dev/null
fi
fingerprint new
compare_definitions
