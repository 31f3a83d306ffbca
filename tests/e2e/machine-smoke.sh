#!/usr/bin/env bash
# A machine's parts without one: what systemd says of the units in PLACE/machine, the volume's program on disks that are
# files, the disk around a made-up root directory. As root: machine-smoke.sh REPOSITORY PLACE
set -euo pipefail

repository=${1:?} place=${2:?}
templates=$repository/templates/machine
loops=()
clean_up() {
  local loop
  for loop in "${loops[@]}"; do losetup --detach "$loop" 2>/dev/null || true; done
}
trap clean_up EXIT

ok() { printf 'ok: %s\n' "$1"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

# Units. Their programs are not built: what stands for them is there.
verified=$place/verified
mkdir -p "$verified"
for unit in "$place"/machine/lib/systemd/system/*.service; do
  sed -E 's#^(Exec[A-Za-z]*)=.*#\1=/bin/true#' "$unit" >"$verified/${unit##*/}"
done
systemd-analyze verify --man=no --recursive-errors=no "$verified"/*.service >"$place/verify.log" 2>&1 ||
  fail "systemd-analyze verify: $(cat "$place/verify.log")"
if grep -F "$verified" "$place/verify.log"; then fail 'systemd warns of a unit'; fi
ok "systemd takes $(find "$verified" -name '*.service' | wc -l) units"
for unit in postgresql pgflakegen-upgrade; do
  for key in NoNewPrivileges=true ProtectSystem=strict PrivateDevices=true User=postgres; do
    grep -qxF "$key" "$verified/$unit.service" || fail "$unit lacks $key"
  done
done
ok 'the server and the upgrade are hardened'

# The volume's program, in mounts of its own.
cat "$templates"/{messages,places,volume}.sh >"$place/volume.sh"
disk() { # NAME MIB: sets loop
  truncate --size "${2}M" "$place/$1.raw"
  loop=$(losetup --find --show "$place/$1.raw")
  loops+=("$loop")
}
volume() { # DEVICE LABEL: and what is to be said of it afterwards, in the same mounts
  mkdir -p "$place/data"
  PGFLAKEGEN_CLUSTERS=$place/data PGFLAKEGEN_ACCOUNT=root PGFLAKEGEN_VOLUME_WAIT=0 PGFLAKEGEN_VOLUME_DEVICE=$1 \
    PGFLAKEGEN_VOLUME_LABEL=$2 unshare --mount bash -c 'bash -euo pipefail "$1" && shift && { [ $# = 0 ] || "$@"; }' volume "$place/volume.sh" "${@:3}" 2>&1
}
says() { # WORDS COMMAND…: fails and says so
  local words=$1 said
  shift
  if said=$("$@"); then fail "$* ended well: $said"; fi
  [[ $said == *"$words"* ]] || fail "$* does not say '$words': $said"
}

label=pgf-smoke-$$
disk blank 64
volume "$loop" "$label" touch "$place/data/kept" >/dev/null
[[ $(blkid --probe --output value --match-tag LABEL "$loop") == "$label" ]] || fail 'the disk has no label'
ok 'an empty disk is formatted and mounted'
volume '' "$label" test -e "$place/data/kept" >/dev/null || fail 'what was on the volume is gone'
ok 'a volume is found by its label, with what is on it'
disk other 16
printf 'something' | dd of="$loop" conv=notrunc status=none
says 'is not empty' volume "$loop" "${label:0:13}-n"
[[ $(head -c 9 "$loop") == something ]] || fail 'what was on the disk is gone'
ok 'a disk with anything on it is left alone'
disk table 16
printf 'label: gpt\nstart=1MiB, size=2MiB\n' | sfdisk --quiet "$loop"
says 'is not empty' volume "$loop" "${label:0:13}-n"
ok 'a disk with partitions is left alone'
says 'is not there' volume /dev/nothing "${label:0:13}-n"
ok 'a disk that is not there is an error'
disk twin 16
mkfs.ext4 -q -L "$label" "$loop"
says 'several file systems' volume '' "$label"
ok 'two volumes of a name are an error'
clean_up
loops=()

# A disk around a made-up root directory.
base=$place/base
mkdir -p "$base"/{boot,etc/ssh/sshd_config.d,etc/systemd/system,lib/systemd/system,usr/lib}
for file in group gshadow passwd shadow; do : >"$base/etc/$file"; done
for unit in systemd-networkd systemd-resolved ssh; do
  printf '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n' >"$base/lib/systemd/system/$unit.service"
done
echo kernel >"$base/boot/vmlinuz-0"
echo initrd >"$base/boot/initrd.img-0"
bash "$repository/tests/e2e/machine-image.sh" "$base" "$place/machine" "$place/disk.raw" 320 >"$place/disk.log"
types=$(sfdisk --json "$place/disk.raw" | jq --raw-output '.partitiontable | .label, .partitions[].name' | xargs)
[[ $types == 'gpt esp root' ]] || fail "partitions are $types"
mdir -b -i "$place/disk.raw@@1M" ::EFI/BOOT | grep -q BOOTX64.EFI || fail 'there is no boot loader'
e2fsck -fn "$place/disk.raw?offset=$((201 * 1048576))" >"$place/fsck.log" 2>&1 || fail "the root file system: $(cat "$place/fsck.log")"
wanted=$(debugfs -R 'ls -p /etc/systemd/system/multi-user.target.wants' "$place/disk.raw?offset=$((201 * 1048576))" 2>/dev/null)
for unit in postgresql pgflakegen-password; do
  [[ $wanted == *"/$unit.service/"* ]] || fail "$unit is not enabled"
done
ok 'a disk for UEFI, with its root, boot loader and units'
