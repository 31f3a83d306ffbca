# Builds the image of a PostgreSQL and pushes it for one architecture. ATTR: the image; NAME: the PostgreSQL; IMAGES:
# repositories of registries, with spaces between; ARCHITECTURE; REVISION: the commit. Leaves digests/TAG.ARCHITECTURE
# for the manifest list. The tag says version and commit, so what it names never changes: one that is there stays.
set -euo pipefail

NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes"
export NIX_CONFIG
name=${NAME:?} architecture=${ARCHITECTURE:?} revision=${REVISION:?}
read -r -a images <<<"${IMAGES:?}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log raw=$work/raw

complain() {
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    printf '::error title=image::%s\n' "$1"
  else
    printf 'error: %s\n' "$1" >&2
  fi
}

digest_of() { # FILE
  local sum
  sum=$(sha256sum "$1")
  printf 'sha256:%s\n' "${sum%% *}"
}

# The archive as a layout of OCI's: the same archive gives the same bytes, and digests are known before anything is
# pushed, so that a registry is sent only the layers that it lacks. What OCI has no field for, as the health check,
# stays in the configuration, where Docker finds it.
layout() { # ARCHIVE FOLDER: sets digest
  local archive=$1 blobs=$2/blobs/sha256 unpacked=$work/unpacked config blob size processors
  mkdir -p "$blobs" "$unpacked"
  tar -xf "$archive" -C "$unpacked"
  jq --raw-output '.[0].Layers[]' "$unpacked/manifest.json" >"$work/layers"
  processors=$(nproc)
  # shellcheck disable=SC2016 # the shell that xargs starts
  (cd "$unpacked" && xargs -P "$processors" -I '{}' bash -c 'gzip -n <"$1" >"$1.gz"' gzip '{}' <"$work/layers")
  while IFS= read -r layer; do
    blob=$(digest_of "$unpacked/$layer.gz")
    size=$(stat -L -c %s "$unpacked/$layer.gz")
    jq --null-input --arg digest "$blob" --argjson size "$size" \
      '{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", $digest, $size }'
    mv "$unpacked/$layer.gz" "$blobs/${blob#*:}"
  done <"$work/layers" >"$work/descriptors"
  config=$unpacked/$(jq --raw-output '.[0].Config' "$unpacked/manifest.json")
  blob=$(digest_of "$config")
  size=$(stat -L -c %s "$config")
  jq --slurp --compact-output --sort-keys --arg digest "$blob" --argjson size "$size" \
    --slurpfile config "$config" '{
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", $digest, $size },
      layers: .,
      annotations: ($config[0].config.Labels // {})
    }' "$work/descriptors" >"$work/manifest"
  cp "$config" "$blobs/${blob#*:}"
  version=$(jq --raw-output '.config.Labels["org.opencontainers.image.version"] // empty' "$config")
  built_at=$(jq --raw-output '.config.Labels["org.opencontainers.image.revision"] // empty' "$config")
  built_for=$(jq --raw-output '.architecture' "$config")
  digest=$(digest_of "$work/manifest")
  cp "$work/manifest" "$blobs/${digest#*:}"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$2/oci-layout"
  size=$(stat -c %s "$work/manifest")
  jq --null-input --arg digest "$digest" --argjson size "$size" '{
    schemaVersion: 2,
    manifests: [{
      mediaType: "application/vnd.oci.image.manifest.v1+json", $digest, $size,
      annotations: { "org.opencontainers.image.ref.name": "image" }
    }]
  }' >"$2/index.json"
}

archive=$(nix build --no-link --print-out-paths ".#${ATTR:?}")
if ! command -v skopeo >/dev/null; then
  skopeo=$(nix build --no-link --print-out-paths --inputs-from . nixpkgs#skopeo)
  PATH=$skopeo/bin:$PATH
fi
layout "$archive" "$work/layout"
if [[ $built_for != "$architecture" ]]; then
  complain "the image is for $built_for, not for $architecture"
  exit 1
fi
if [[ -n $built_at && $built_at != "$revision" ]]; then
  complain "the image is of $built_at, not of $revision"
  exit 1
fi
if [[ -z $version ]]; then
  complain 'the image does not say its version'
  exit 1
fi
# 17.6 for the PostgreSQL called 17; others have their name in front.
case $version in
  "$name" | "$name".*) release=$version ;;
  *) release=$name-$version ;;
esac
tag=${release//[^A-Za-z0-9_.-]/_}-${revision:0:12}

# The digest of what a tag or digest names; nothing where there is none. Its manifest is in $raw.
there() { # REFERENCE
  if skopeo inspect --raw "docker://$1" >"$raw" 2>"$log"; then digest_of "$raw"; fi
}

push() { # REPOSITORY
  local image=$1 at=$1:$tag-$architecture found theirs ours
  found=$(there "$at")
  if [[ -n $found ]]; then
    # Compressed by another gzip it is the same all the same.
    theirs=$(jq .config.digest "$raw")
    ours=$(jq .config.digest "$work/manifest")
    if [[ $theirs != "$ours" ]]; then
      complain "$at is there with another content, and is not overwritten: a tag with a commit never changes"
      return 1
    fi
    printf '%s is there already: %s\n' "$at" "$found"
    return
  fi
  if ! skopeo copy --quiet --preserve-digests "oci:$work/layout:image" "docker://$at" 2>"$log"; then
    cat "$log" >&2
    if grep -qiE 'unauthorized|denied|authentication required' "$log"; then
      complain "the registry refuses the credentials for $image, or this workflow may not write packages"
    fi
    return 1
  fi
  found=$(there "$image@$digest")
  if [[ $found != "$digest" ]]; then
    complain "$image has ${found:-nothing}, and $digest was pushed"
    return 1
  fi
  printf '%s %s\n' "$at" "$digest"
}

for image in "${images[@]}"; do
  push "${image,,}"
done
mkdir -p digests
jq --null-input --compact-output --arg name "$name" --arg release "$release" --arg tag "$tag" \
  --arg version "$version" --arg architecture "$architecture" \
  '{ $name, $release, $tag, $version, $architecture }' >"digests/$tag.$architecture"
