# Pushes what this machine has built to the caches of the catalogue, also what was built before something failed.
# PUSH: where to, a JSON array. NIX_SIGNING_KEY, CACHIX_AUTH_TOKEN, ATTIC_TOKEN: secrets, which are never printed and
# lie in files of this user alone.
set -euo pipefail
umask 077

# What Nix remembers of a bucket may be another's of that name, or gone since; then it would leave paths out.
NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes
narinfo-cache-positive-ttl = 0"
export NIX_CONFIG
tries=${TRIES:-3}
pause=${PAUSE:-15}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
log=$folder/log

complain() {
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    printf '::error title=push::%s\n' "$1" >&2
  else
    printf 'error: %s\n' "$1" >&2
  fi
}

# What was built here and not fetched, Nix calls "ultimate"; versions of Nix differ in how they print it.
if ! nix path-info --all --json --json-format 1 >"$folder/paths.json" 2>"$log"; then
  nix path-info --all --json >"$folder/paths.json"
fi
jq --raw-output '
  (if type == "array" then . else (.info? // .) | to_entries | map(.value + { path: .key }) end)[]
  | select(.ultimate == true) | .path
  | if startswith("/") then . else "/nix/store/" + . end
  | select(endswith(".drv") | not)
' "$folder/paths.json" | sort >"$folder/built"
count=$(wc -l <"$folder/built")
if ((count == 0)); then
  echo 'nothing was built here'
  exit 0
fi
mapfile -t built <"$folder/built"

# patiently COMMAND…: tries again, unless it is the credentials that are refused.
patiently() {
  local try=1
  while true; do
    if "$@" >"$log" 2>&1; then return 0; fi
    cat "$log" >&2
    if grep -qE 'ExpiredToken|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|HTTP error (401|403)|Unauthorized' "$log"; then
      complain 'the cache refuses the credentials: they are wrong, or have expired'
      return 1
    fi
    if grep -q 'NoSuchBucket' "$log"; then
      complain 'there is no such bucket: make it, or mend push in catalogue/flake.toml'
      return 1
    fi
    if ((try >= tries)); then
      complain 'the cache cannot be pushed to'
      return 1
    fi
    sleep "$pause"
    try=$((try + 1))
  done
}

copy() {
  local store=$1
  if [[ -z ${NIX_SIGNING_KEY:-} ]]; then
    complain 'NIX_SIGNING_KEY is not set, and what is not signed nobody takes; `pgflakegen cache keygen` makes one'
    return 1
  fi
  printf '%s' "$NIX_SIGNING_KEY" >"$folder/key"
  patiently nix copy --to "$store&secret-key=$folder/key" "${built[@]}"
}

cachix() {
  patiently nix run --inputs-from . nixpkgs#cachix -- push "$1" "${built[@]}"
}

attic() {
  if [[ -z ${ATTIC_TOKEN:-} ]]; then
    complain 'ATTIC_TOKEN is not set'
    return 1
  fi
  mkdir -p "$folder/config/attic"
  printf '[servers.ci]\nendpoint = "%s"\ntoken = "%s"\n' "$1" "$ATTIC_TOKEN" >"$folder/config/attic/config.toml"
  XDG_CONFIG_HOME=$folder/config patiently nix run --inputs-from . nixpkgs#attic-client -- push "ci:$2" "${built[@]}"
}

status=0
jq --raw-output '.[] | [.kind, .store // .server // .name, .name // ""] | @tsv' <<<"${PUSH:-[]}" >"$folder/places"
while IFS=$'\t' read -r kind place name; do
  printf 'pushing %s to %s\n' "$count" "$place"
  case $kind in
    store) copy "$place" || status=1 ;;
    cachix) cachix "$place" || status=1 ;;
    attic) attic "$place" "$name" || status=1 ;;
    *)
      complain "there is no cache of the kind $kind"
      status=1
      ;;
  esac
done <"$folder/places"
exit "$status"
