# shellcheck shell=bash disable=SC2154
# What upgrade does, step by step.

ln -s -- "$sockets" "$work/sockets"
# How often the data directory is copied at most, and 40 MiB for an empty cluster, and for one more; write-ahead log.
times=2
if [[ $transfer == @(link|swap|clone) ]]; then times=1; fi
if cp --reflink=always -- "$datadir/global/pg_control" "$work/shared" 2>/dev/null; then
  times=$((times - 1))
fi
check_space "$times" 256 "make room, or take the method link, which wants least"

step "OLD is PostgreSQL $old_name ($old_bin)"
before=$(control_of "$datadir")
options=(--data-checksums --no-sync)
copy_cluster
new_options
mode=$(stat --format=%a -- "$datadir")
if [[ $mode == 750 ]]; then
  options+=(--allow-group-access)
fi
start old
find_home
same_locale
step "NEW is PostgreSQL $new_name ($new_bin)"
init_cluster "$work/new" "$new_entry" "$new_bin" "${options[@]}"
gather_settings
write_wanted "$work/new" 5
start new
look_ahead
fingerprint old
rename_for_the_way
statistics_before=$(count_statistics old)
disk=$(disk_used)
case $way in
  pg_upgrade) by_pg_upgrade ;;
  pg_dumpall) by_pg_dumpall ;;
  *) die "there is no method '$method'" ;;
esac
disk=$(($(disk_used) - disk))
statistics_after=$(count_statistics new)
drop_if_new
rename_back new
if [[ $way != pg_upgrade ]]; then
  rename_back old
fi
fingerprint new
read_offered
compare
if ((${#different[@]} > 0)); then
  # What is shown of the differences comes from the old cluster, which these have taken apart.
  if [[ $transfer == @(link|swap) ]]; then
    rm -rf -- "${work:?}/old"
    copy_cluster
    travels_as=()
  fi
  note "something differs: $datadir stays as it is"
  if [[ -n $keep ]]; then
    note "the new cluster is $work/new"
  fi
fi
report

step "the new cluster takes its place"
# From here on what goes wrong is no difference.
verdict=''
stop new
if [[ $way != pg_upgrade ]]; then
  stop old
fi
carry_settings
rm -rf -- "$work/new/pg_upgrade_output.d"
after=$(control_of "$work/new")
when=$(date -u '+%F %T UTC')
jq --arg from "$old_name" --arg from-major "$old_major" --arg from-path "$old_bin" --arg to "$new_name" --arg to-path "$new_bin" \
  --arg method "$method" --arg when "$when" --arg old-control "$before" --arg new-control "$after" \
  '{ id } + $ARGS.named' "$work/$record" >"$work/new/$record"
chmod 600 "$work/new/$record"
"$new_bin/bin/initdb" --sync-only --pgdata="$work/new" >/dev/null
sync -- "$work/"
swap
verdict=1 keep=''
{
  printf '\n%s is of PostgreSQL %s now.\n' "$datadir" "$new_name"
  if [[ $new_name == "$new_entry" ]]; then
    show_start "$new_name" "$datadir"
  else
    start_it="$new_bin/bin/pg_ctl start --pgdata=$shown"
  fi
  printf '  start it   %s\n' "$start_it"
  if ((statistics_after < statistics_before)); then
    printf '  then       vacuumdb --all --analyze-in-stages: the planner has no statistics yet\n'
  fi
  printf '  way back   %s\n' "$way_back"
  printf '             nix run .#upgrade -- --back %s\n             nix run .#upgrade -- --forget %s\n' "$shown" "$shown"
}
