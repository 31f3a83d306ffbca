# Says on a pull request what it rebuilds and why, versions before and after, sizes. REPOSITORY, NUMBER; GH_TOKEN is for
# gh. Reads plan.json, changes.json, versions.md and records*.jsonl, and build-sizes.json of the branch before.
set -euo pipefail

mark='<!-- pgflakegen: what is rebuilt -->'
body=$(mktemp)
trap 'rm -f "$body" "$body".*' EXIT
longest=60000

# Text of the pull request is data: no mark-up, no lines of its own.
# shellcheck disable=SC2016 # backticks of Markdown
plain='def plain: tostring | gsub("[`|<>\\n\\r]"; " ") | .[0:200];'
{
  printf '%s\n' "$mark"
  if [[ -s plan.json ]]; then
    jq --raw-output "$plain"'
      if .error then "There is no plan: \(.error | plain)"
      elif (.jobs // []) == [] then "Nothing is rebuilt."
      else "**\(.jobs | length) jobs** for \(.changed) of \(.packages) packages and checks; caches have \(.cached) of them."
      end
      + if ([.findings[]? | select(.severity == "error")] | length) > 0
        then "\n\nIt is not whole: \([.findings[] | select(.severity == "error") | .message | plain] | join("; "))" else "" end
    ' plan.json
  fi
  if [[ -s versions.md ]]; then
    printf '\n| extension | gone | new |\n|---|---|---|\n'
    cat versions.md
  fi
  if [[ -s changes.json ]]; then
    printf '\n<details><summary>Why</summary>\n\n'
    jq --raw-output --slurp "$plain"'
      [.[] | select(.change == "rebuilt") | .attr as $attr | (.reasons // [])[] | { $attr, why: "\(.by[-1] // "itself"): \(.what)" }]
      | group_by(.why) | sort_by(-length, .[0].why) | .[0:20][]
      | "- \(length) × `\(.[0].why | plain)`, as of `\(.[0].attr | plain)`"
    ' changes.json
    jq --raw-output --slurp '
      group_by(.change)[] | "- \(.[0].change): \(length)"
    ' changes.json
    printf '\n</details>\n'
  fi
  shopt -s nullglob
  records=(records*.jsonl)
  if ((${#records[@]} > 0)); then
    if [[ ! -s build-sizes.json ]]; then echo '{}' >build-sizes.json; fi
    cat "${records[@]}" >"$body.records"
    printf '\n| built | before | closure | took |\n|---|---:|---:|---:|\n'
    jq --raw-output --slurp --slurpfile sizes build-sizes.json "$plain"'
      def mib: if . == null then "" else "\(. / 1048576 * 10 | round / 10) MiB" end;
      sort_by(-.size)[0:40][] | "| `\(.attr | plain)` \(.system | plain) | \($sizes[0][.system][.attr]? | mib) | \(.size | mib) | \(.seconds) s |"
    ' "$body.records"
  fi
} >"$body"
size=$(wc -c <"$body")
if ((size > longest)); then
  head -c "$longest" "$body" | iconv -c -t UTF-8 >"$body.short"
  printf '\n…\n' >>"$body.short"
  mv "$body.short" "$body"
fi

comments="repos/${REPOSITORY:?}/issues/${NUMBER:?}/comments"
gh api --paginate "$comments" >"$body.comments"
id=$(jq --raw-output --slurp --arg mark "$mark" \
  'flatten | map(select(.body | startswith($mark))) | first | .id // empty' "$body.comments")
if [[ -n $id ]]; then
  gh api --method PATCH "repos/$REPOSITORY/issues/comments/$id" --field "body=@$body" >/dev/null
  echo "comment $id is renewed"
else
  gh api --method POST "$comments" --field "body=@$body" >/dev/null
  echo 'commented'
fi
