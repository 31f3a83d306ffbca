# What builds took, and how large they are, for the plans to come: of the branch before (build-times.json,
# build-sizes.json) with records*.jsonl over it.
set -euo pipefail
shopt -s nullglob

records=(records*.jsonl)
for field in seconds size; do
  case $field in
    seconds) file=build-times.json ;;
    *) file=build-sizes.json ;;
  esac
  if [[ ! -s $file ]]; then echo '{}' >"$file"; fi
  cat /dev/null "${records[@]}" | jq --slurp --sort-keys --slurpfile before "$file" --arg field "$field" '
    reduce .[] as $record ($before[0]; .[$record.system][$record.attr] = $record[$field])
  ' >"$file.new"
  mv "$file.new" "$file"
done
