# shellcheck shell=bash disable=SC2154
# What migration-test does, step by step.

source_kind='' options=(--data-checksums --no-sync)
if [[ -n $data ]]; then
  find_source_kind
fi
step "OLD is PostgreSQL $old_name ($old_bin)"
if [[ $source_kind == cluster ]]; then
  check_cluster
  check_space 2 0 "--directory DIR is where it is wanted"
  copy_cluster
  new_options
else
  init_cluster "$work/old" "$old_entry" "$old_bin" --data-checksums --no-sync
  write_wanted "$work/old" 5
fi
start old
find_home
if [[ $source_kind == cluster ]]; then
  same_locale
fi
step "NEW is PostgreSQL $new_name ($new_bin)"
init_cluster "$work/new" "$new_entry" "$new_bin" "${options[@]}"
write_wanted "$work/new" 5
start new

available_extensions() { # old|new
  sql "$1" "$home" --command="select name from pg_available_extensions" >"$work/$1.available"
  LC_ALL=C sort --output="$work/$1.available" "$work/$1.available"
}
available_extensions old
available_extensions new
LC_ALL=C comm -12 "$work/old.available" "$work/new.available" >"$work/common"
common=$(paste -sd' ' "$work/common")
if [[ -n $source_kind ]]; then
  step "data of your own"
  if [[ $source_kind != cluster ]]; then
    load_dump
  fi
else
  step "test data"
  sql old "$home" --set=only="$common" --file="$PGFLAKEGEN_PRIME" >/dev/null
  for file in "$PGFLAKEGEN_MIGRATIONS"/*.sql; do
    if [[ ${file##*/} != changes.sql ]]; then
      sql old "$home" --file="$file" >/dev/null
    fi
  done
fi
look_ahead
if [[ $way != logical ]]; then
  load_changes
  fingerprint old
fi
rename_for_the_way
statistics_before=$(count_statistics old)
disk=$(disk_used)
case $way in
  pg_upgrade) by_pg_upgrade ;;
  pg_dumpall) by_pg_dumpall ;;
  logical) by_logical ;;
  *) die "there is no method '$method'" ;;
esac
disk=$(($(disk_used) - disk))
statistics_after=$(count_statistics new)
restore_kept
drop_if_new
rename_back new
if [[ $way != pg_upgrade ]]; then
  rename_back old
fi
if [[ $way == logical ]]; then
  fingerprint old
fi
if [[ -n $before_compare ]]; then
  step "$before_compare"
  sql new "$home" --file="$before_compare" >/dev/null
fi
fingerprint new
read_offered
compare
if [[ -n $plant ]]; then
  plant_each
fi
report
