# One tag for the images of all architectures, and the table of a release. IMAGES: repositories of registries, with
# spaces between; digests/TAG.ARCHITECTURE of each image. OUTPUT: the file that gets the outputs of the step.
# Outputs: subjects, the lists; parts, each image of one architecture with its SBOM in the artifacts of the images.
# VERSION-COMMIT stays as it is once it is there; VERSION and the PostgreSQL's name follow the newest.
set -euo pipefail
shopt -s nullglob

read -r -a images <<<"${IMAGES:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log digest=''
files=(digests/*)
if ((${#files[@]} == 0)); then
  echo '::error title=manifest::no image was pushed' && exit 1
fi
jq --raw-output .tag "${files[@]}" | sort -u >"$work/tags"

# shellcheck source=/dev/null
source "${BASH_SOURCE[0]%/*}/oci.sh"

# ask FILE REFERENCE [OPTIONS]: what a registry has, to the byte. A registry that cannot be asked is pushed nothing.
ask() {
  if skopeo inspect --raw "${@:3}" "docker://$2" >"$1" 2>"$log"; then return 0; fi
  if ! grep -qiE '(manifest|name|repository)[ _]unknown|not found' "$log"; then
    cat "$log" >&2
    echo "::error title=manifest::the registry does not say whether $2 is there"
    exit 1
  fi
  return 1
}

# must FILE REFERENCE [OPTIONS]: the same of what was pushed before.
must() {
  if ! ask "$@"; then
    echo "::error title=manifest::$2 is not there"
    exit 1
  fi
}

# A layout that has manifests and configurations only: the registry has the layers.
join() { # REPOSITORY TAG: sets digest
  local layout=$work/layout blobs=$work/layout/blobs/sha256 file architecture part blob size
  rm -rf "$layout"
  mkdir -p "$blobs"
  : >"$work/parts"
  for file in "digests/$2".*; do
    architecture=$(jq --raw-output .architecture "$file")
    must "$work/part" "$1:$2-$architecture"
    part=$(digest_of "$work/part")
    cp "$work/part" "$blobs/${part#*:}"
    parts=$(jq --compact-output --arg name "$1" --arg digest "$part" --arg sbom "$2-$architecture.cdx.json" \
      '. + [{ $name, $digest, $sbom }]' <<<"$parts")
    must "$work/config" "$1@$part" --config
    blob=$(digest_of "$work/config")
    cp "$work/config" "$blobs/${blob#*:}"
    size=$(stat -c %s "$work/part")
    jq --compact-output --arg digest "$part" --argjson size "$size" \
      --arg architecture "$architecture" '{
        descriptor: { mediaType, $digest, $size, platform: { $architecture, os: "linux" } },
        annotations
      }' "$work/part" >>"$work/parts"
  done
  jq --slurp --compact-output --sort-keys '{
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: map(.descriptor),
    annotations: (.[0].annotations // {})
  }' "$work/parts" >"$work/index"
  finish_layout "$layout" "$work/index" list
}

printf '| image | digest | architectures |\n|---|---|---|\n' >table.md
subjects='[]' parts='[]'
for image in "${images[@]}"; do
  image=${image,,}
  while IFS= read -r tag; do
    join "$image" "$tag"
    if ask "$work/there" "$image:$tag"; then
      found=$(digest_of "$work/there")
      if [[ $found != "$digest" ]]; then
        echo "::error title=manifest::$image:$tag is there as $found, and is not overwritten by $digest"
        exit 1
      fi
      echo "$image:$tag is there already: $digest"
    else
      skopeo copy --quiet --all --preserve-digests "oci:$work/layout:list" "docker://$image:$tag"
      must "$work/there" "$image:$tag"
      found=$(digest_of "$work/there")
      if [[ $found != "$digest" ]]; then
        echo "::error title=manifest::$image:$tag is $found, and $digest was pushed"
        exit 1
      fi
      echo "$image:$tag $digest"
    fi
    one=("digests/$tag".*)
    version=$(jq --raw-output .version "${one[0]}")
    architectures=$(jq --raw-output --slurp 'map(.architecture) | join(" ")' "${one[@]}")
    moving=()
    jq --raw-output '.release, .name' "${one[0]}" | sort -u >"$work/moving"
    while IFS= read -r other; do
      newer=$version
      if ask "$work/there" "$image:$other"; then
        before=$(jq --raw-output '.annotations["org.opencontainers.image.version"] // empty' "$work/there")
        newer=$(printf '%s\n' "$before" "$version" | sort --version-sort | tail -n 1)
      fi
      if [[ $newer != "$version" ]]; then
        echo "$image:$other stays at $newer, which is newer"
        continue
      fi
      skopeo copy --quiet --all --preserve-digests "docker://$image@$digest" "docker://$image:$other"
      moving+=("$other")
    done <"$work/moving"
    # shellcheck disable=SC2016 # backticks of Markdown
    printf '| `%s:%s`%s | `%s` | %s |\n' "$image" "$tag" "${moving[*]:+ (${moving[*]})}" "$digest" "$architectures" >>table.md
    subjects=$(jq --compact-output --arg name "$image" --arg digest "$digest" '. + [{ $name, $digest }]' <<<"$subjects")
  done <"$work/tags"
done
{
  printf 'subjects={"include":%s}\n' "$subjects"
  printf 'parts={"include":%s}\n' "$parts"
} >>"${OUTPUT:?}"
