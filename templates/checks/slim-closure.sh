# shellcheck shell=bash
# The closure of a slim PostgreSQL, listed with sizes in $out; an unwanted path in it is an error.
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
done | sort -k2 | tee "${out:?}" | awk '{ total += $1 } END { printf "%d paths, %d bytes\n", NR, total }'
