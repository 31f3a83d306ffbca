# shellcheck shell=bash disable=SC2154
# The test of migration-test itself: differences planted one at a time, each of which must be found.

# Splits the file at its lines `-- planted: WHAT` into $work/plants, and sets plants to what they are called.
split_plants() {
  mkdir -p "$work/plants"
  awk -v "folder=$work/plants" '/^-- planted: / { n++; print substr($0, 13) >(folder "/names") } n { print >(folder "/" n) }' "$plant"
  mapfile -t plants <"$work/plants/names"
}

# Plants these in a copy of the side's cluster, and sets different and left to what is found; fails when they cannot be
# planted.
plant_these() { # NUMBER…
  local number
  cp --archive --reflink=auto "$work/$side.kept" "$work/$side"
  start "$side"
  for number; do
    if ! sql "$side" "$home" --file="$work/plants/$((number + 1))" >/dev/null; then
      stop "$side"
      rm -rf "${work:?}/$side"
      return 1
    fi
  done
  fingerprint "$side"
  compare
  stop "$side"
  rm -rf "${work:?}/$side"
}

# What the side has of each thing that differs or is not carried, as lines `KEY = VALUE`.
found_values() {
  local key
  for key in "${things[@]}"; do
    if [[ ${old_values[$key]-(not there)} != "${new_values[$key]-(not there)}" ]]; then
      if [[ $side == new ]]; then
        printf '%q = %q\n' "$key" "${new_values[$key]-(not there)}"
      else
        printf '%q = %q\n' "$key" "${old_values[$key]-(not there)}"
      fi
    fi
  done
}

plant_each() {
  local number next key missed=0 before=${#left[@]} plants=() pairs_planted=0 hidden=0
  split_plants
  if ((${#different[@]} > 0)); then
    return
  fi
  if [[ $side == old && $way == pg_upgrade ]]; then
    start old
    rename_back old
  fi
  stop "$side"
  mv "$work/$side" "$work/$side.kept"
  found_values >"$work/plants/before.found"
  for number in "${!plants[@]}"; do
    # What OLD alone has may be nothing that the method carries: then that is said.
    if ! plant_these "$number"; then
      die "'${plants[number]}' cannot be planted"
    fi
    if ((${#different[@]} > 0 || ${#left[@]} > before)); then
      key=${different[0]-not carried}
      make_printable key
      printf 'found     %s: %s\n' "${plants[number]}" "$key"
    else
      printf 'NOT FOUND %s\n' "${plants[number]}"
      missed=$((missed + 1))
    fi
    found_values >"$work/plants/all.found"
    grep -vxFf "$work/plants/before.found" "$work/plants/all.found" >"$work/plants/$number.found" || true
  done
  if [[ -n $pairs ]]; then
    for number in "${!plants[@]}"; do
      next=$(((number + pairs) % ${#plants[@]}))
      # One can take away what the other changes.
      if ! plant_these "$number" "$next" 2>/dev/null; then
        printf 'no pair   %s; %s\n' "${plants[number]}" "${plants[next]}"
        continue
      fi
      pairs_planted=$((pairs_planted + 1))
      found_values >"$work/plants/pair.found"
      if pair_is_seen "$number" "$next"; then
        printf 'found     %s; %s\n' "${plants[number]}" "${plants[next]}"
      else
        printf 'NOT FOUND %s; %s\n' "${plants[number]}" "${plants[next]}"
        hidden=$((hidden + 1))
      fi
    done
  fi
  verdict=1
  printf '%s: %s of %s planted differences found' "$method" "$((${#plants[@]} - missed))" "${#plants[@]}"
  if [[ -n $pairs ]]; then
    printf ', and both of %s of %s pairs' "$((pairs_planted - hidden))" "$pairs_planted"
  fi
  printf '\n'
  exit "$((missed + hidden > 0))"
}

# Whether all that either changes alone is changed by both; what both change is another than with either alone.
pair_is_seen() { # NUMBER NUMBER
  awk -v "first=$work/plants/$1.found" -v "second=$work/plants/$2.found" '
    { at = index($0, " = "); key = substr($0, 1, at - 1); value = substr($0, at + 3) }
    FILENAME == first { a[key] = value; next }
    FILENAME == second { b[key] = value; next }
    { pair[key] = value }
    END {
      for (key in a) {
        if (!(key in pair)) exit 1
        if (key in b && a[key] != b[key] && (pair[key] == a[key] || pair[key] == b[key])) exit 1
      }
      for (key in b) if (!(key in pair)) exit 1
    }' "$work/plants/$1.found" "$work/plants/$2.found" "$work/plants/pair.found"
}
