# shellcheck shell=bash
# Layouts of OCI's, for image.sh and manifest.sh: a folder that skopeo pushes as it is.

digest_of() { # FILE
  local sum
  sum=$(sha256sum "$1")
  printf 'sha256:%s\n' "${sum%% *}"
}

# A layout around the blobs that are in it, which calls FILE, a manifest or a list of them, by a name.
finish_layout() { # LAYOUT FILE NAME: sets digest
  local size
  digest=$(digest_of "$2")
  cp "$2" "$1/blobs/sha256/${digest#*:}"
  size=$(stat -c %s "$2")
  printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
  jq --arg digest "$digest" --argjson size "$size" --arg name "$3" '{
    schemaVersion: 2,
    manifests: [{ mediaType, $digest, $size, annotations: { "org.opencontainers.image.ref.name": $name } }]
  }' "$2" >"$1/index.json"
}
