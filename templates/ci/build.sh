# Builds an entry of a plan: ATTRS are attributes of this flake, DRVS derivations that the first of them is made of and
# that are built in its place; both are JSON arrays. Each is tried, whatever becomes of the others. RECORDS, a file,
# gets a line for each: how long it took and how large its closure is. TRIES: how often, where the network fails.
set -euo pipefail

NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes"
export NIX_CONFIG
tries=${TRIES:-3}
pause=${PAUSE:-15}
records=${RECORDS:-/dev/null}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# What a server or the way to it says, and no compiler.
network='Could not resolve host|Connection (reset|refused|timed out)|HTTP error (429|500|502|503|504)|unable to download|Operation too slow|TLS connect error|unexpected end-of-file'
full='No space left on device|disk full|Nix daemon disconnected unexpectedly'

# An error that GitHub shows at the top of the page, and everybody else in the log. stdout is for outputs.
complain() {
  local text=$1
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    text=${text//'%'/%25}
    text=${text//$'\n'/%0A}
    printf '::error title=build::%s\n' "$text" >&2
  else
    printf 'error: %s\n' "$text" >&2
  fi
}

# attempt INSTALLABLE: its outputs on stdout, what is said on the way in $log and on stderr.
attempt() {
  local try=1 outputs
  while true; do
    if outputs=$({ nix build --no-link --print-out-paths --print-build-logs --keep-going "$1" 2>&1 >&3 | tee "$log" >&2; } 3>&1); then
      printf '%s\n' "$outputs"
      return 0
    fi
    if grep -qE "$full" "$log"; then
      complain "$1: the disk of this machine is full; fewer packages fit into one entry, or a larger machine is wanted"
      return 1
    fi
    if ((try >= tries)) || ! grep -qE "$network" "$log"; then
      complain "$1 does not build"
      return 1
    fi
    printf 'the network failed; try %s of %s follows\n' "$((try + 1))" "$tries" >&2
    sleep "$pause"
    try=$((try + 1))
  done
}

# record ATTRIBUTE SECONDS OUTPUTS: its first output stands for its size.
record() {
  local rest=${1#*.} size
  local path=${3%%$'\n'*}
  size=$(nix path-info --closure-size "$path" | awk '{ print $2 }') || size=0
  jq --null-input --compact-output --arg system "${rest%%.*}" --arg attr "${rest#*.}" \
    --argjson seconds "$2" --argjson size "${size:-0}" \
    '{ system: $system, attr: ($attr | gsub("\""; "")), seconds: $seconds, size: $size }' >>"$records"
}

attrs_text=$(jq --raw-output '.[]' <<<"${ATTRS:?}")
drvs_text=$(jq --raw-output '.[]' <<<"${DRVS:-[]}")
attrs=() drvs=() failed=()
if [[ -n $attrs_text ]]; then mapfile -t attrs <<<"$attrs_text"; fi
if [[ -n $drvs_text ]]; then mapfile -t drvs <<<"$drvs_text"; fi

if ((${#drvs[@]} > 0)); then
  # Evaluating what is made of them writes them into the store.
  for attr in "${attrs[@]}"; do
    nix eval --raw ".#$attr.drvPath" >/dev/null
  done
  attrs=()
fi
for drv in "${drvs[@]}"; do
  attempt "$drv^*" >/dev/null || failed+=("$drv")
done
for attr in "${attrs[@]}"; do
  began=$SECONDS
  if outputs=$(attempt ".#$attr"); then
    record "$attr" "$((SECONDS - began))" "$outputs"
  else
    failed+=("$attr")
  fi
done

if ((${#failed[@]} > 0)); then
  printf 'failed:\n' >&2
  printf '  %s\n' "${failed[@]}" >&2
  exit 1
fi
