# Builds the image of a PostgreSQL and pushes it for one architecture. ATTR: the image; IMAGE: repository of a registry;
# TAG, ARCHITECTURE. The digest is written to digests/NAME.ARCHITECTURE. A tag that is there stays as it is.
set -euo pipefail

NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes"
export NIX_CONFIG
image=${IMAGE:?}
image=${image,,} tag=${TAG:?}-${ARCHITECTURE:?}
archive=$(nix build --no-link --print-out-paths ".#${ATTR:?}")
skopeo=$(nix build --no-link --print-out-paths --inputs-from . nixpkgs#skopeo)
PATH=$skopeo/bin:$PATH
mkdir -p digests
ours=digests/${TAG}.$ARCHITECTURE
log=$(mktemp)
trap 'rm -f "$log"' EXIT

there=$(skopeo inspect --format '{{ .Digest }}' "docker://$image:$tag" 2>"$log") || there=''
if [[ -n $there ]]; then
  printf '%s:%s is there already, and stays as it is: %s\n' "$image" "$tag" "$there"
  printf '%s\n' "$there" >"$ours"
  exit 0
fi
if grep -qiE 'unauthorized|denied|authentication required' "$log"; then
  # Some registries say so of what is not there, too: pushing shows it.
  echo 'the registry does not say whether the tag is there' >&2
fi
if ! skopeo copy --quiet --digestfile "$ours" "docker-archive:$archive" "docker://$image:$tag" 2>"$log"; then
  cat "$log" >&2
  if grep -qiE 'unauthorized|denied|authentication required' "$log"; then
    echo '::error title=image::the registry refuses the credentials, or this workflow may not write packages'
  fi
  exit 1
fi
digest=$(<"$ours")
read_back=$(skopeo inspect --format '{{ .Digest }}' "docker://$image@$digest")
if [[ $read_back != "$digest" ]]; then
  echo "::error title=image::the registry has $read_back, and $digest was pushed"
  exit 1
fi
printf '%s:%s %s\n' "$image" "$tag" "$digest"
