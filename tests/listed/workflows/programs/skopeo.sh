# Stands for skopeo and a registry: manifests by tag and digest, and blobs, in files.
set -euo pipefail
registry=$STATE/registry
mkdir -p "$registry/blobs"
name() { printf '%s' "${1#docker://}" | tr '/:@' '___'; }
refuse() {
  if [[ $BEHAVIOUR == refused ]]; then echo 'unauthorized: authentication required' >&2 && exit 1; fi
}
digest() { sha256sum "$1" | cut -d' ' -f1; }
last=${!#}
case $1 in
  inspect)
    refuse
    if [[ $BEHAVIOUR == down ]]; then echo 'dial tcp: connect: connection refused' >&2 && exit 1; fi
    file=$registry/$(name "$last")
    if [[ ! -e $file ]]; then echo 'manifest unknown' >&2 && exit 1; fi
    if [[ " $* " == *' --config '* ]]; then file=$registry/blobs/$(jq --raw-output '.config.digest[7:]' "$file"); fi
    cat "$file"
    ;;
  copy)
    printf 'skopeo %s\n' "$*" >>"$NOTES/asked"
    refuse
    from=${*: -2:1}
    case $from in
      oci:*)
        layout=${from#oci:}
        layout=${layout%:*}
        cp "$layout"/blobs/sha256/* "$registry/blobs"
        manifest=$registry/blobs/$(jq --raw-output '.manifests[0].digest[7:]' "$layout/index.json")
        top=$(jq --raw-output '.layers[-1].digest[7:] // empty' "$manifest")
        if [[ -n $top ]]; then
          tar -xzOf "$registry/blobs/$top" --wildcards 'var/lib/db/sbom/*.cdx.json' >"$NOTES/sbom-$(digest "$manifest")"
        fi
        ;;
      *) manifest=$registry/$(name "$from") ;;
    esac
    image=${last%:*}
    cp "$manifest" "$registry/pushed"
    cp "$registry/pushed" "$registry/$(name "$last")"
    cp "$registry/pushed" "$registry/$(name "$image@sha256:$(digest "$registry/pushed")")"
    if [[ $BEHAVIOUR == lost ]]; then rm "$registry/$(name "$image@sha256:$(digest "$manifest")")"; fi
    ;;
esac
