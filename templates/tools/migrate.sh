# shellcheck shell=bash disable=SC2154
# What migration-test does, step by step.

source_kind='' options=(--data-checksums --no-sync)
if [[ -n $data ]]; then
  find_source_kind
fi
step "OLD is PostgreSQL $old_name ($old_bin)"
if [[ $source_kind == cluster ]]; then
  copy_cluster
  new_options
else
  init_cluster "$work/old" "$old_name" "$old_bin" --data-checksums --no-sync
fi
start old
step "NEW is PostgreSQL $new_name ($new_bin)"
init_cluster "$work/new" "$new_name" "$new_bin" "${options[@]}"
start new

available_extensions() { # old|new
  sql "$1" postgres --command="select name from pg_available_extensions" >"$work/$1.available"
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
  check_extensions
else
  step "test data"
  sql old postgres --set=only="$common" --file="$PGFLAKEGEN_PRIME" >/dev/null
  for file in "$PGFLAKEGEN_MIGRATIONS"/*.sql; do
    if [[ ${file##*/} != changes.sql ]]; then
      sql old postgres --file="$file" >/dev/null
    fi
  done
fi
if [[ $method != logical ]]; then
  load_changes
  fingerprint old
fi
rename_for_the_way
case $method in
  pg_upgrade) by_pg_upgrade ;;
  pg_dumpall) by_pg_dumpall ;;
  logical) by_logical ;;
  *) die "there is no method '$method'" ;;
esac
rename_back new
if [[ $method != pg_upgrade ]]; then
  rename_back old
fi
if [[ $method == logical ]]; then
  fingerprint old
fi
if [[ -n $before_compare ]]; then
  step "$before_compare"
  sql new postgres --file="$before_compare" >/dev/null
fi
fingerprint new
read_offered
compare
if [[ -n $plant ]]; then
  plant_each
fi
report
