# One tag for the images of all architectures, and the table of a release. IMAGE; digests/TAG.ARCHITECTURE of each.
# OUTPUT: the file that gets the outputs of the step.
set -euo pipefail
shopt -s nullglob

image=${IMAGE:?}
image=${image,,}
tags=()
for file in digests/*; do
  name=${file##*/}
  tags+=("${name%.*}")
done
if ((${#tags[@]} == 0)); then
  echo '::error title=manifest::no image was pushed' && exit 1
fi
mapfile -t tags < <(printf '%s\n' "${tags[@]}" | sort -u) || true
printf '| image | digest | architectures |\n|---|---|---|\n' >table.md
subjects='[]'
for tag in "${tags[@]}"; do
  parts=() architectures=()
  for file in digests/"$tag".*; do
    digest=$(<"$file")
    parts+=("$image@$digest")
    architectures+=("${file##*.}")
  done
  if docker buildx imagetools inspect "$image:$tag" >/dev/null 2>&1; then
    echo "$image:$tag is there already, and stays as it is"
  else
    docker buildx imagetools create --tag "$image:$tag" "${parts[@]}"
  fi
  digest=$(docker buildx imagetools inspect --format '{{ .Manifest.Digest }}' "$image:$tag")
  # shellcheck disable=SC2016 # backticks of Markdown
  printf '| `%s:%s` | `%s` | %s |\n' "$image" "$tag" "$digest" "${architectures[*]}" >>table.md
  subjects=$(jq --compact-output --arg name "$image" --arg digest "$digest" '. + [{ $name, $digest }]' <<<"$subjects")
done
printf 'subjects={"include":%s}\n' "$subjects" >>"${OUTPUT:?}"
