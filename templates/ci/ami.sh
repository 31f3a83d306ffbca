# Makes an Amazon machine image of a machine's disk. ATTR: the image; VERSION_ATTR: the version of its PostgreSQL; NAME:
# the PostgreSQL; ARCHITECTURE: as Amazon calls it; REVISION: the commit; REGIONS: where to, the first is where it is
# made; SHARE: accounts, or all; KEEP: days until it is deprecated. Leaves machines/NAME.ARCHITECTURE.md for the release.
#
# What was done is found again by its name: a run that ended anywhere is repeated, and makes nothing twice.
set -euo pipefail

NIX_CONFIG="${NIX_CONFIG:-}
extra-experimental-features = nix-command flakes"
export NIX_CONFIG AWS_PAGER=''
name=${NAME:?} architecture=${ARCHITECTURE:?} revision=${REVISION:?} keep=${KEEP:?}
read -r -a regions <<<"${REGIONS:?}"
read -r -a share <<<"${SHARE:-}"
first=${regions[0]}
pause=${PAUSE:-15}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

complain() {
  if [[ ${GITHUB_ACTIONS:-} == true ]]; then
    printf '::error title=ami::%s\n' "$1" >&2
  else
    printf 'error: %s\n' "$1" >&2
  fi
}

# aws, which says what it refuses in words of its own; those that have a cause here get ours.
amazon() { # REGION WORDS…
  local region=$1
  shift
  if aws --region "$region" --output text "$@" 2>"$log"; then return 0; fi
  cat "$log" >&2
  if grep -qE 'ExpiredToken|RequestExpired|InvalidClientTokenId|AuthFailure' "$log"; then
    complain 'Amazon refuses the credentials: they are wrong, or have expired. A run that is repeated goes on where this one ended'
  elif grep -q 'UnauthorizedOperation' "$log"; then
    complain "the role may not do $2 in $region; docs/machine-images.md says what it must be able to"
  elif grep -q 'OperationNotPermitted' "$log" && [[ $2 == modify-image-attribute ]]; then
    complain "the account lets nobody share images with everybody: turn off \"block public access for AMIs\" in $region"
  fi
  return 1
}

program() { # NAME PACKAGE
  local place
  if ! command -v "$1" >/dev/null; then
    place=$(nix build --no-link --print-out-paths --inputs-from . "nixpkgs#$2")
    PATH=${place%%$'\n'*}/bin:$PATH
  fi
}
program aws awscli2
program coldsnap coldsnap

version=$(nix eval --raw ".#${VERSION_ATTR:?}")
case $version in
  "$name" | "$name".*) release=$version ;;
  *) release=$name-$version ;;
esac
family=postgresql-$name-$architecture
image_name=$family-$release-${revision:0:12}

# The image of this name, and what has become of it: ID STATE, or nothing.
image_in() { # REGION
  local line
  line=$(amazon "$1" ec2 describe-images --owners self --filters "Name=name,Values=$image_name" \
    --query 'Images[].[ImageId,State]')
  line=${line%%$'\n'*}
  if [[ $line == None ]]; then line=''; fi
  printf '%s' "${line//$'\t'/ }"
}

# Sets ami to the image's id once it can be used; `made`: there is one, even if it is not to be seen yet. One that has
# failed goes, and is made again.
settle() { # REGION [made]
  local found tries=0
  while true; do
    found=$(image_in "$1")
    ami=${found%% *}
    case $found in
      '')
        if [[ -z ${2:-} ]]; then return 0; fi
        tries=$((tries + 1))
        if ((tries > 20)); then
          complain "$image_name was made in $1, and is not to be seen there"
          return 1
        fi
        sleep "$pause"
        ;;
      *' available') return 0 ;;
      *' pending') sleep "$pause" ;;
      *)
        printf '%s in %s is %s: it is made again\n' "$ami" "$1" "${found#* }"
        amazon "$1" ec2 deregister-image --image-id "$ami" >/dev/null
        ;;
    esac
  done
}

# Sets snapshot to the whole one of this name. What an upload has left half made, this or an earlier one, goes: it costs,
# and is of no use.
find_snapshot() {
  local id state description
  snapshot=''
  amazon "$first" ec2 describe-snapshots --owner-ids self --filters "Name=description,Values=$family-*" \
    --query 'Snapshots[].[SnapshotId,State,Description]' >"$log.snapshots"
  while read -r id state description; do
    if [[ $state == completed && $description == "$image_name" ]]; then
      snapshot=$id
    elif [[ $state == pending || $state == error ]]; then
      printf '%s (%s) is half made, and is deleted\n' "$id" "$description"
      amazon "$first" ec2 delete-snapshot --snapshot-id "$id" >/dev/null
    fi
  done <"$log.snapshots"
  rm -f "$log.snapshots"
}

settle "$first"
if [[ -z $ami ]]; then
  find_snapshot
  if [[ -z $snapshot ]]; then
    folder=$(nix build --no-link --print-out-paths ".#${ATTR:?}")
    disks=("$folder"/*.raw)
    if [[ -f $folder ]]; then disks=("$folder"); fi
    if ((${#disks[@]} != 1)) || [[ ! -f ${disks[0]} ]]; then
      complain "$ATTR has no disk: one file that ends in .raw is meant"
      exit 1
    fi
    # Blocks of zeros are none in a snapshot.
    snapshot=$(AWS_REGION=$first coldsnap upload --no-progress --wait --omit-zero-blocks --description "$image_name" "${disks[0]}")
    snapshot=$(grep -oE 'snap-[0-9a-f]+' <<<"$snapshot" | tail -n 1) || true
    if [[ -z $snapshot ]]; then
      complain 'coldsnap names no snapshot'
      exit 1
    fi
  fi
  # The disk boots by UEFI and nothing else, on either architecture; metadata want a token; no TPM, which not every type of
  # instance has.
  amazon "$first" ec2 register-image --name "$image_name" \
    --description "PostgreSQL $version with extensions, commit $revision" --architecture "$architecture" \
    --virtualization-type hvm --boot-mode uefi --ena-support --sriov-net-support simple --imds-support v2.0 \
    --root-device-name /dev/xvda \
    --block-device-mappings "DeviceName=/dev/xvda,Ebs={SnapshotId=$snapshot,VolumeType=gp3,DeleteOnTermination=true}" \
    --query ImageId >/dev/null
  settle "$first" made
fi
origin=$ami
mkdir -p machines
table=machines/$name.$architecture.md
: >"$table"

permissions=''
for account in "${share[@]}"; do
  case $account in
    all) permissions+=',{Group=all}' ;;
    *) permissions+=",{UserId=$account}" ;;
  esac
done

for region in "${regions[@]}"; do
  settle "$region"
  if [[ -z $ami ]]; then
    # The same token is the same copy, also when nobody has seen the answer.
    token=$(sha256sum <<<"$image_name $region")
    amazon "$region" ec2 copy-image --source-region "$first" --source-image-id "$origin" --name "$image_name" \
      --description "PostgreSQL $version with extensions, commit $revision" --client-token "${token:0:64}" --query ImageId >/dev/null
    settle "$region" made
  fi
  if [[ -n $permissions ]]; then
    amazon "$region" ec2 modify-image-attribute --image-id "$ami" --launch-permission "Add=[${permissions#,}]"
  fi
  # Every image of the family has a day after which nobody is shown it; it still starts for whoever names it.
  amazon "$region" ec2 describe-images --owners self --filters "Name=name,Values=$family-*" \
    --query 'Images[?!DeprecationTime].[ImageId,CreationDate]' >"$log.old"
  while read -r old created; do
    if [[ -z $old || $old == None ]]; then continue; fi
    soon=$(date --utc --date='1 hour' +%s)
    due=$(date --utc --date="$created $keep days" +%s)
    day=$(date --utc --date="@$((due > soon ? due : soon))" +%Y-%m-%dT%H:%M:00Z)
    amazon "$region" ec2 enable-image-deprecation --image-id "$old" --deprecate-at "$day" >/dev/null
  done <"$log.old"
  rm -f "$log.old"
  # shellcheck disable=SC2016 # backticks of Markdown
  printf '| PostgreSQL %s | %s | %s | `%s` |\n' "$release" "$architecture" "$region" "$ami" >>"$table"
  printf '%s in %s: %s\n' "$image_name" "$region" "$ami"
done
