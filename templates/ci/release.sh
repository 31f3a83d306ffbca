# The release of a tag, with the tables of its images. TAG; table.md, machines/*.md; GH_TOKEN is for gh. One that is there gets the
# table anew.
set -euo pipefail

tag=${TAG:?}
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
{
  cat table.md
  if compgen -G 'machines/*.md' >/dev/null; then
    printf '\n| machine image | architecture | region | AMI |\n|---|---|---|---|\n'
    cat machines/*.md
  fi
  # shellcheck disable=SC2016 # a command to copy
  printf '\nVerify one: `gh attestation verify oci://IMAGE@DIGEST --repo %s`\n' "${REPOSITORY:?}"
} >"$notes"
if gh release view "$tag" >/dev/null 2>&1; then
  gh release edit "$tag" --notes-file "$notes" >/dev/null
  echo "release $tag is renewed"
else
  gh release create "$tag" --verify-tag --title "$tag" --notes-file "$notes"
fi
