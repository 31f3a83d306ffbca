# shellcheck shell=bash
# The closure of a slim PostgreSQL, listed with sizes in $out; an unwanted path in it is an error, and so is a size of
# more than $limit bytes, where there is one.
set -euo pipefail

mapfile -t paths <"${closure:?}/store-paths"

name_of() { # PATH
  basename "$1" | sed -E 's/^[a-z0-9]{32}-//'
}

unwanted_paths=()
for path in "${paths[@]}"; do
  if name_of "$path" | grep -qE -- "${unwanted:?}"; then
    unwanted_paths+=("$path")
  fi
done

if ((${#unwanted_paths[@]} > 0)); then
  for path in "${unwanted_paths[@]}"; do
    hash=$(basename "$path" | cut -c1-32)
    printf '%s is in the closure; it is referred to by\n' "$path" >&2
    for other in "${paths[@]}"; do
      if [[ $other != "$path" ]] && grep -rqsF -- "$hash" "$other"; then
        printf '  %s\n' "$other" >&2
      fi
    done
  done
  exit 1
fi

for path in "${paths[@]}"; do
  size=$(du --apparent-size --bytes --summarize -- "$path" | cut -f1)
  name=$(name_of "$path")
  printf '%10d  %s\n' "$size" "$name"
done | sort -k2 >"${out:?}"
total=$(awk '{ total += $1 } END { print total }' "$out")
printf '%d paths, %d bytes\n' "${#paths[@]}" "$total"

if [[ -n ${limit:-} ]] && ((total > limit)); then
  {
    printf 'error: what images are made of has %d MiB, and size-limit in catalogue/flake.toml allows %d MiB\n' \
      "$(((total + 1048575) / 1048576))" "$((limit / 1048576))"
    printf '  it is more by %d bytes; these take most:\n' "$((total - limit))"
    sort -k1nr "$out" | sed -n '1,10s/^/  /p'
    printf '  pgflakegen size ATTR says by whom they are wanted\n'
  } >&2
  exit 1
fi
