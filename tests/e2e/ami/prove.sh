#!/usr/bin/env bash
# The release's script for Amazon machine images, against a server of Amazon's calls: it is killed after each that changes
# something (after another one is before the next), and begun anew. prove.sh SCRIPT BIN WORK ADDRESS; BIN has aws and python, and `coldsnap` may be on the PATH.
set -euo pipefail

script=${1:?} bin=${2:?} work=${3:?} address=${4:?}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$work/path" "$work/run" "$work/image"
truncate --size 3M "$work/image/machine.raw"
printf 'a disk' | dd of="$work/image/machine.raw" bs=1 seek=600000 conv=notrunc status=none

secret=wJalrXUtnFEMI-this-is-secret
export AWS_ENDPOINT_URL=$address AWS_ACCESS_KEY_ID=AKIAEXAMPLE AWS_SECRET_ACCESS_KEY=$secret AWS_EC2_METADATA_DISABLED=true
export WORK=$work REAL=$bin/aws

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}
# Nix builds nothing here.
cat >"$work/path/nix" <<'EOF'
#!/usr/bin/env bash
case $1 in
  eval) printf 17.6 ;;
  build) printf '%s/image\n' "$WORK" ;;
esac
EOF
# Each call is one more; after the one that is to be the last nobody is there to see its answer.
cat >"$work/path/aws" <<'EOF'
#!/usr/bin/env bash
count=$(($(cat "$WORK/count") + 1))
echo "$count" >"$WORK/count"
printf '%s\n' "$*" >>"$WORK/calls"
answer=$("$REAL" "$@") || exit
if [[ $count == "$KILL_AFTER" ]]; then
  kill -KILL -- "-$(cat "$WORK/group")"
fi
printf '%s\n' "$answer"
EOF
if ! command -v coldsnap >/dev/null; then
  printf '#!/usr/bin/env bash\nexec "%s/python" "%s/coldsnap.py" "$@"\n' "$bin" "$here" >"$work/path/coldsnap"
fi
chmod +x "$work"/path/*

ami() { # KILL_AFTER: in a process group of its own, which the kill ends as a whole
  local status=0
  echo 0 >"$work/count"
  cd "$work/run"
  KILL_AFTER=$1 PATH=$work/path:$PATH ATTR=x VERSION_ATTR=y NAME=17 ARCHITECTURE=${ARCHITECTURE:-x86_64} PAUSE=0 KEEP=90 \
    REVISION=0123456789abcdef0123456789abcdef01234567 REGIONS='eu-central-1 us-east-1' SHARE='all 123456789012' \
    setsid --wait bash -c 'echo $$ >"$WORK/group"; exec bash "$1"' ami "$script" >"$work/log" 2>&1 || status=$?
  cat "$work/log" >>"$work/logs"
  return "$status"
}
ec2() { # REGION WORDS…
  "$REAL" --region "$1" --output text ec2 "${@:2}"
}
reset() {
  curl --silent --fail --request POST "$address/moto-api/reset" >/dev/null
  rm -rf "$work/run/machines"
}
name=postgresql-17-x86_64-17.6-0123456789ab
# One image in each region, for everybody, of one whole snapshot; nothing half made.
whole() { # WHEN
  local region seen
  for region in eu-central-1 us-east-1; do
    seen=$(ec2 "$region" describe-images --owners self --filters "Name=name,Values=$name" \
      --query 'Images[].[Architecture,BootMode,ImdsSupport,EnaSupport,VirtualizationType,Public,DeprecationTime!=`null`]')
    case $region:$seen in
      eu-central-1:"x86_64	uefi	v2.0	True	hvm	True	True") ;;
      us-east-1:x86_64*True*True) [[ $seen != *$'\n'* ]] || fail "$1: two images in $region: $seen" ;;
      *) fail "$1: in $region there is: $seen" ;;
    esac
  done
  seen=$(ec2 eu-central-1 describe-snapshots --owner-ids self --filters "Name=description,Values=$name" --query 'Snapshots[].State')
  [[ $seen == completed ]] || fail "$1: snapshots are $seen"
  [[ $(wc -l <"$work/run/machines/17.x86_64.md") == 2 ]] || fail "$1: the table: $(cat "$work/run/machines/17.x86_64.md")"
}

: >"$work/logs"
: >"$work/calls"
reset
ami 0 || fail "$(cat "$work/log")"
whole 'in one go'
calls=$(cat "$work/count")
grep -nE 'register-image|copy-image|modify-image-attribute|enable-image-deprecation' "$work/calls" | cut -d: -f1 >"$work/changing"
echo "ok: one run makes $calls calls"
ami 0 || fail "$(cat "$work/log")"
whole 'once more'
! grep -qE 'register-image|copy-image' <(tail -n "$(cat "$work/count")" "$work/calls") || fail 'a second run makes images'
echo 'ok: a second run makes nothing'

while IFS= read -r last <&3; do
  reset
  status=0
  ami "$last" || status=$?
  ((status == 137)) || fail "killed after call $last it ended with $status: $(cat "$work/log")"
  ami 0 || fail "after call $last: $(cat "$work/log")"
  whole "after call $last"
  echo "ok: killed after call $last, begun anew"
done 3<"$work/changing"

# An upload that ends in the middle leaves a snapshot that nobody can use.
reset
status=0
KILL_UPLOAD=1 ami 0 || status=$?
if [[ -x $work/path/coldsnap ]]; then
  ((status != 0)) || fail 'an upload that was killed ended well'
  left=$(ec2 eu-central-1 describe-snapshots --owner-ids self --filters "Name=description,Values=$name" --query 'Snapshots[].State')
  [[ $left == pending ]] || fail "an upload that was killed left: $left"
  ami 0 || fail "$(cat "$work/log")"
  whole 'after half an upload'
  grep -q 'is half made, and is deleted' "$work/log" || fail 'the half snapshot is not mentioned'
  echo 'ok: half an upload is deleted, and made again'
fi

! grep -q "$secret" "$work/logs" || fail 'a secret is in a log'
echo 'ok: no secret in a log'
