# The release of a tag, with the tables of its images and their SBOMs. TAG; table.md; machines/*.md; sboms/; GH_TOKEN is
# for gh. One that is there gets them anew.
set -euo pipefail
shopt -s nullglob

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
  # shellcheck disable=SC2016
  printf 'What is in one: `/var/lib/db/sbom` in the image, and the files of this release.\n'
} >"$notes"
if gh release view "$tag" >/dev/null 2>&1; then
  gh release edit "$tag" --notes-file "$notes" >/dev/null
  echo "release $tag is renewed"
else
  gh release create "$tag" --verify-tag --title "$tag" --notes-file "$notes"
fi
sboms=(sboms/*.json)
if ((${#sboms[@]} > 0)); then
  gh release upload "$tag" --clobber "${sboms[@]}"
fi
