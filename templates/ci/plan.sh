# Plans what a commit has to have built. BASE: the commit before; one that is not there means that everything is new.
# MERGE=true: what is checked out is a merge into the commit before.
# OUTPUT: the file that gets the outputs of the step. Leaves plan.json, changes.json and versions.md for the comment.
set -euo pipefail

base=${BASE:-}
if [[ ${MERGE:-} == true ]]; then base=$(git rev-parse --verify --quiet 'HEAD^1') || base=''; fi
if [[ $base =~ ^0*$ ]] || ! git cat-file -e "$base^{commit}" 2>/dev/null; then base=''; fi
since=()
if [[ -n $base ]]; then
  since=(--since "$base")
  # The inputs that it had; without them everything counts as new.
  if ! nix flake archive "git+file://$PWD?rev=$base" >/dev/null; then since=(); fi
fi
times=()
if [[ -s build-times.json ]]; then times=(--times build-times.json); fi

status=0
pgflakegen ci plan "${since[@]}" "${times[@]}" --check-cache-status --format github >>"${OUTPUT:?}" || status=$?
# The same once more, for people; what is wrong was said above.
pgflakegen ci plan "${since[@]}" "${times[@]}" --check-cache-status --format json >plan.json 2>/dev/null || true
: >changes.json
: >versions.md
if [[ -n $base ]]; then
  pgflakegen drv-diff "$base" --json >changes.json 2>/dev/null || true
  git show "$base:generated/catalogue.json" >before.json 2>/dev/null || echo '{}' >before.json
  jq --raw-output --slurpfile before before.json '
    def versions: [.extensions // {} | to_entries[] | .key as $name
      | (.value.versions // {}) | keys_unsorted | { key: $name, value: . }] | from_entries;
    ($before[0] | versions) as $old | versions as $new
    | [($new | keys[]), ($old | keys[])] | unique[]
    | . as $name | { $name, gone: (($old[$name] // []) - ($new[$name] // [])), new: (($new[$name] // []) - ($old[$name] // [])) }
    | select(.gone != [] or .new != [])
    | "| \(.name) | \(.gone | join(", ")) | \(.new | join(", ")) |"
  ' generated/catalogue.json >versions.md || true
  rm -f before.json
fi
exit "$status"
