# Bumps NAMES and makes a pull request of it, or renews the one that is open, on the newest TARGET. BRANCH: what the
# branch is called. GH_TOKEN is for gh, and for git by way of gh.
set -euo pipefail

branch=pgflakegen/${BRANCH:?}
target=${TARGET:?}
body=$(mktemp)
trap 'rm -f "$body" "$body".*' EXIT
read -r -a names <<<"${NAMES:?}"

git config user.name 'github-actions[bot]'
git config user.email '41898282+github-actions[bot]@users.noreply.github.com'
git fetch --quiet origin "$target"
# On top of the branch as it is now: an open pull request is rebased by being made anew.
git checkout --quiet -B "$branch" FETCH_HEAD
before=$(git rev-parse HEAD)
pgflakegen bump "${names[@]}" --commit --json >"$body.json"
after=$(git rev-parse HEAD)
if [[ $before == "$after" ]]; then
  echo 'nothing is new'
  exit 0
fi

title=$(jq --raw-output '
  [.bumped[]?, .inputs[]?] | map("\(.name) \(.to | if type == "object" then .rev[0:12] else . end)")
  | if length > 3 then "\(length) updates" else join(", ") end
' "$body.json")
jq --raw-output '
  def short: if type == "object" then (.rev // .["nar-hash"])[0:12] else . end;
  [.bumped[]?, .inputs[]?][]
  | "- **\(.name)** \(.from | short) → \(.to | short)"
    + (if (.postgresql // []) == [] then "" else " (\(.postgresql | join(" ")))" end)
    + ([.changelog, .compare] | map(select(. != null) | "\n  \(.)") | add // "")
    + ((.remarks // []) | map("\n  \(.)") | add // "")
' "$body.json" >"$body"

gh auth setup-git
# Whoever has committed to the branch meanwhile keeps what they have done.
remote=$(git ls-remote origin "refs/heads/$branch" | cut -f1)
if [[ -n $remote ]]; then
  git fetch --quiet origin "$remote"
  author=$(git log -1 --format=%ae "$remote")
  if [[ $author != '41898282+github-actions[bot]@users.noreply.github.com' ]]; then
    echo "::warning::$branch has a commit of $author; it stays as it is"
    exit 0
  fi
fi
git push --quiet --force-with-lease="refs/heads/$branch:$remote" origin "HEAD:refs/heads/$branch"
number=$(gh pr list --head "$branch" --base "$target" --state open --json number --jq '.[0].number // empty')
if [[ -n $number ]]; then
  gh pr edit "$number" --title "$title" --body-file "$body" >/dev/null
  echo "pull request $number is renewed"
else
  gh pr create --head "$branch" --base "$target" --title "$title" --body-file "$body"
fi
