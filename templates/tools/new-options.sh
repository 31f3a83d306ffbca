# shellcheck shell=bash disable=SC2154
# What a cluster must be like that pg_upgrade is to fill.

# initdb's options for NEW, which pg_upgrade wants to be as OLD's cluster is.
new_options() {
  local control line
  options=(--no-sync)
  control=$(LC_ALL=C "$old_bin/bin/pg_controldata" "$work/old")
  line=$(sed -n 's/^Data page checksum version: *//p' <<<"$control")
  if [[ $line != 0 ]]; then
    options+=(--data-checksums)
  elif ((new_major >= 18)); then
    options+=(--no-data-checksums)
  fi
  line=$(sed -n 's/^Bytes per WAL segment: *//p' <<<"$control")
  options+=(--wal-segsize="$((line / 1024 / 1024))")
}
