# What has newer versions upstream, as a matrix. OUTPUT: the file that gets the outputs of the step. GROUP=true: all in
# one. ONLY: names, with spaces between; none: everything.
set -euo pipefail

only=()
if [[ -n ${ONLY:-} ]]; then read -r -a only <<<"$ONLY"; fi
status=0
pgflakegen outdated "${only[@]}" --json >outdated.json || status=$?
if ((status > 1)); then exit "$status"; fi
jq --raw-output '.findings[]? | "::warning::\(.message | gsub("%"; "%25") | gsub("\n"; "%0A"))"' outdated.json
names=$(jq --compact-output --arg group "${GROUP:-false}" '
  [.outdated[]?.name] | map(if startswith("postgresql ") then "postgresql@" + ltrimstr("postgresql ") else . end) | unique
  | if $group == "true" then
      ([.[] | select(startswith("inputs ") | not)] | if . == [] then [] else [join(" ")] end)
      + [.[] | select(startswith("inputs "))]
    else . end
  | map({ names: ., branch: (if $group == "true" and (startswith("inputs ") | not) then "all" else gsub("[^A-Za-z0-9._-]"; "-") end) })
' outdated.json)
{
  printf 'updates={"include":%s}\n' "$names"
  if [[ $names == '[]' ]]; then echo 'any=false'; else echo 'any=true'; fi
} >>"${OUTPUT:?}"
