# shellcheck shell=bash disable=SC2154
# The test of migration-test itself: differences planted one at a time, each of which must be found.

# Splits the file at its lines `-- planted: WHAT` into $work/plants, and sets plants to what they are called.
split_plants() {
  mkdir -p "$work/plants"
  awk -v "folder=$work/plants" '/^-- planted: / { n++; print substr($0, 13) >(folder "/names") } n { print >(folder "/" n) }' "$plant"
  mapfile -t plants <"$work/plants/names"
}

# Plants these in a copy of the side's cluster. Writes the keys of what differs to $work/plants/different, of what is not
# carried how much it is to $work/plants/left, and what the side has of both to FILE. Sets planted to whether they could
# be planted, and comparable to whether the comparison came to its end: what it fails at is not hidden.
plant_these() { # FILE NUMBER…
  local file=$1 number status=0
  shift
  planted=1 comparable=1
  cp --archive --reflink=auto "$work/$side.kept" "$work/$side"
  start "$side"
  for number; do
    if ! sql "$side" "$home" --file="$work/plants/$((number + 1))" >/dev/null; then
      planted=''
      break
    fi
  done
  if [[ -n $planted ]]; then
    # Apart, so that what ends a comparison ends only this one. Nothing that tests its status comes before `set -e`.
    set +e
    (
      set -e
      fingerprint "$side"
      compare
      printf '%s\0' "${different[@]}" >"$work/plants/different"
      printf '%s\n' "${#left[@]}" >"$work/plants/left"
      found_values >"$file"
    ) 2>"$work/plants/errors"
    status=$?
    set -e
    if ((status > 0)); then
      comparable=''
      : >"$file"
    fi
  fi
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
  local number next key left_now missed=0 before=${#left[@]} plants=() pairs_planted=0 hidden=0 planted='' comparable=''
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
    plant_these "$work/plants/all.found" "$number"
    if [[ -z $planted ]]; then
      die "'${plants[number]}' cannot be planted"
    fi
    # What OLD alone has may be nothing that the method carries: then that is said.
    if [[ -z $comparable ]]; then
      key=$(grep -m 1 . "$work/plants/errors") || key='the comparison ends'
      make_printable key
      printf 'found     %s: %s\n' "${plants[number]}" "$key"
    else
      key=''
      IFS= read -r -d '' key <"$work/plants/different" || true
      read -r left_now <"$work/plants/left"
      if [[ -n $key ]] || ((left_now > before)); then
        key=${key:-not carried}
        make_printable key
        printf 'found     %s: %s\n' "${plants[number]}" "$key"
      else
        printf 'NOT FOUND %s\n' "${plants[number]}"
        missed=$((missed + 1))
      fi
    fi
    grep -vxFf "$work/plants/before.found" "$work/plants/all.found" >"$work/plants/$number.found" || true
  done
  if [[ -n $pairs ]]; then
    for number in "${!plants[@]}"; do
      next=$(((number + pairs) % ${#plants[@]}))
      # One can take away what the other changes.
      plant_these "$work/plants/pair.found" "$number" "$next" 2>/dev/null
      if [[ -z $planted || -z $comparable ]]; then
        printf 'no pair   %s; %s\n' "${plants[number]}" "${plants[next]}"
        continue
      fi
      pairs_planted=$((pairs_planted + 1))
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
