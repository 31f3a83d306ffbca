# Builds the image of a PostgreSQL and pushes it for one architecture, with its SBOM in it. ATTR: the image; NAME: the
# PostgreSQL; IMAGES: repositories of registries, with spaces between; ARCHITECTURE; REVISION: the commit. Leaves
# digests/TAG.ARCHITECTURE for the manifest list, and sboms/TAG-ARCHITECTURE.{cdx,spdx}.json for the release. The tag says
# version and commit, so what it names never changes: one that is there stays.
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
    printf '::error title=image::%s\n' "$1" >&2
  else
    printf 'error: %s\n' "$1" >&2
  fi
}

# shellcheck source=/dev/null
source "${BASH_SOURCE[0]%/*}/oci.sh"

archive=$(nix build --no-link --print-out-paths ".#${ATTR:?}")
if ! command -v skopeo >/dev/null; then
  skopeo=$(nix build --no-link --print-out-paths --inputs-from . nixpkgs#skopeo)
  PATH=$skopeo/bin:$PATH
fi
unpacked=$work/unpacked
mkdir "$unpacked"
tar -xf "$archive" -C "$unpacked"
config=$(jq --raw-output '.[0].Config' "$unpacked/manifest.json")
config=$unpacked/$config
label() { # NAME
  jq --raw-output --arg name "org.opencontainers.image.$1" '.config.Labels[$name] // empty' "$config"
}
version=$(label version)
built_at=$(label revision)
built_for=$(jq --raw-output '.architecture' "$config")
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

# What is in it, by its derivations: CycloneDX, and SPDX in the version that scanners read. As a layer on top it lies where
# they look. The same image and the same pgflakegen give the same bytes.
attribute=${ATTR#packages.} boms=$work/layer/var/lib/db/sbom
system=${attribute%%.*} attribute=${attribute#*.}
mkdir -p "$boms" sboms
sbom() { # FORMAT KIND
  pgflakegen sbom "$attribute" --system "$system" --format "$1" >"$boms/postgresql-$name.$2.json"
  cp "$boms/postgresql-$name.$2.json" "sboms/$tag-$architecture.$2.json"
}
sbom cyclonedx cdx
sbom spdx-2.3 spdx
tar --format=ustar --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
  -C "$work/layer" -cf "$unpacked/sbom.tar" var/lib/db
difference=$(digest_of "$unpacked/sbom.tar")
jq --compact-output --arg difference "$difference" '
  .rootfs.diff_ids += [$difference]
  | if .history then .history += [{ created, created_by: "pgflakegen sbom" }] else . end
' "$config" >"$work/config"
config=$work/config
config_digest=$(digest_of "$config")

# The archive as a layout of OCI's, made once: the same archive gives the same bytes, and digests are known before
# anything is pushed, so that a registry is sent only the layers that it lacks. What OCI has no field for, as the health
# check, stays in the configuration, where Docker finds it.
digest=''
layout() { # sets digest
  local blobs=$work/layout/blobs/sha256 blob size processors
  if [[ -n $digest ]]; then return; fi
  mkdir -p "$blobs"
  jq --raw-output '.[0].Layers[], "sbom.tar"' "$unpacked/manifest.json" >"$work/layers"
  processors=$(nproc)
  (cd "$unpacked" && xargs -P "$processors" -I '{}' bash -c 'gzip -n <"$1" >"$1.gz"' gzip '{}' <"$work/layers")
  while IFS= read -r layer; do
    blob=$(digest_of "$unpacked/$layer.gz")
    size=$(stat -L -c %s "$unpacked/$layer.gz")
    jq --null-input --arg digest "$blob" --argjson size "$size" \
      '{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", $digest, $size }'
    mv "$unpacked/$layer.gz" "$blobs/${blob#*:}"
  done <"$work/layers" >"$work/descriptors"
  size=$(stat -L -c %s "$config")
  jq --slurp --compact-output --sort-keys --arg digest "$config_digest" --argjson size "$size" \
    --slurpfile config "$config" '{
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { mediaType: "application/vnd.oci.image.config.v1+json", $digest, $size },
      layers: .,
      annotations: ($config[0].config.Labels // {})
    }' "$work/descriptors" >"$work/manifest"
  cp "$config" "$blobs/${config_digest#*:}"
  finish_layout "$work/layout" "$work/manifest" image
}

# The digest of what a tag or digest names; nothing where there is none. Its manifest is in $raw. Some registries refuse
# to speak of what is not there: pushing shows whether that is it. A registry that cannot be asked is pushed nothing.
there() { # REFERENCE
  if skopeo inspect --raw "docker://$1" >"$raw" 2>"$log"; then
    digest_of "$raw"
  elif ! grep -qiE '(manifest|name|repository)[ _]unknown|not found|unauthorized|denied|authentication required' "$log"; then
    cat "$log" >&2
    complain "the registry does not say whether $1 is there"
    return 1
  fi
}

push() { # REPOSITORY
  local image=$1 at=$1:$tag-$architecture found theirs
  found=$(there "$at")
  if [[ -n $found ]]; then
    # Compressed by another gzip it is the same all the same.
    theirs=$(jq --raw-output .config.digest "$raw")
    if [[ $theirs != "$config_digest" ]]; then
      complain "$at is there with another content, and is not overwritten: a tag with a commit never changes"
      return 1
    fi
    printf '%s is there already: %s\n' "$at" "$found"
    return
  fi
  layout
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
