# shellcheck shell=bash disable=SC2154
# The test of migration-test itself: differences planted one at a time, each of which must be found.

# Splits the file at its lines `-- planted: WHAT` into $work/plants, and sets plants to what they are called.
split_plants() {
  mkdir -p "$work/plants"
  awk -v "folder=$work/plants" '/^-- planted: / { n++; print substr($0, 13) >(folder "/names") } n { print >(folder "/" n) }' "$plant"
  mapfile -t plants <"$work/plants/names"
}

plant_each() {
  local number key missed=0 before=${#left[@]} plants=()
  split_plants
  if ((${#different[@]} > 0)); then
    return
  fi
  if [[ $side == old && $method == pg_upgrade ]]; then
    start old
    rename_back old
  fi
  stop "$side"
  mv "$work/$side" "$work/$side.kept"
  for number in "${!plants[@]}"; do
    cp --archive --reflink=auto "$work/$side.kept" "$work/$side"
    start "$side"
    if ! sql "$side" postgres --file="$work/plants/$((number + 1))" >/dev/null; then
      die "'${plants[number]}' cannot be planted"
    fi
    fingerprint "$side"
    compare
    # What OLD alone has may be nothing that the method carries: then that is said.
    if ((${#different[@]} > 0 || ${#left[@]} > before)); then
      key=${different[0]-not carried}
      make_printable key
      printf 'found     %s: %s\n' "${plants[number]}" "$key"
    else
      printf 'NOT FOUND %s\n' "${plants[number]}"
      missed=$((missed + 1))
    fi
    stop "$side"
    rm -rf "${work:?}/$side"
  done
  verdict=1
  printf '%s: %s of %s planted differences found\n' "$method" "$((${#plants[@]} - missed))" "${#plants[@]}"
  exit "$((missed > 0))"
}
