# shellcheck shell=bash disable=SC2154
# Finds the data volume by its label and mounts it where clusters are. A disk is formatted only when nothing at all is on
# it. What cannot be decided is an error, and PostgreSQL does not start: a cluster in the wrong place is worse than none.

readonly label=${PGFLAKEGEN_VOLUME_LABEL:?}
# A path, `auto` for the one empty disk, or nothing: then only what has the label is taken.
readonly device=${PGFLAKEGEN_VOLUME_DEVICE:-}
# Seconds to wait for a disk that is attached while the machine starts.
readonly patience=${PGFLAKEGEN_VOLUME_WAIT:-30}
readonly large=1073741824

# Devices with the label, a line each. Nothing is remembered from one call to the next.
labelled() {
  local status=0
  blkid --cache-file /dev/null --output device --match-token "LABEL=$label" || status=$?
  # 2: there is none.
  if ((status != 0 && status != 2)); then
    die "blkid cannot look for the label $label"
  fi
}

# No file system, no table of partitions, and nothing but zeros where either would begin or end.
is_empty() { # DEVICE
  local status=0 size
  blkid --probe --cache-file /dev/null "$1" >/dev/null 2>&1 || status=$?
  if ((status != 2)); then
    return 1
  fi
  size=$(blockdev --getsize64 "$1")
  cmp --silent --bytes=1048576 "$1" /dev/zero &&
    cmp --silent --ignore-initial="$((size - 1048576)):0" --bytes=1048576 "$1" /dev/zero
}

# Whole disks that could be the data volume, a line each. What an instance has of its own goes when it is stopped.
empty_disks() {
  local disk size model
  lsblk --json --bytes --nodeps --paths --output NAME,TYPE,SIZE,RO,MODEL |
    jq --raw-output '.blockdevices[] | select(.type == "disk" and (.ro | not)) | [.name, .size, .model // ""] | @tsv' |
    while IFS=$'\t' read -r disk size model; do
      if ((size >= large)) && [[ $model != *'Instance Storage'* ]] && is_empty "$disk"; then
        printf '%s\n' "$disk"
      fi
    done
}

# Sets found to the device with the label, or formats the one that is to have it.
find_volume() {
  local lines
  lines=$(labelled)
  if [[ $lines == *$'\n'* ]]; then
    die "several file systems are called $label: ${lines//$'\n'/, }. Detach what is not wanted, or give it another label"
  fi
  found=$lines
  if [[ -n $found || -z $device ]]; then
    return
  fi
  if [[ $device == auto ]]; then
    lines=$(empty_disks)
    if [[ $lines == *$'\n'* ]]; then
      die "several disks are empty: ${lines//$'\n'/, }. Say which is the data volume, or label it: mkfs.ext4 -L $label DEVICE"
    fi
    found=$lines
  elif [[ -b $device ]]; then
    if ! is_empty "$device"; then
      die "$device is not empty, and is not called $label: it is left alone. To have it taken: e2label $device $label"
    fi
    found=$device
  fi
  if [[ -n $found ]]; then
    note "$found is empty: it becomes the data volume $label"
    mkfs.ext4 -q -m 0 -L "$label" "$found"
  fi
}

if mountpoint --quiet "$clusters"; then
  note "$clusters is mounted already"
  exit 0
fi
found=''
for ((waited = 0; ; waited++)); do
  find_volume
  # Without a device nobody has promised that there is one.
  if [[ -n $found || -z $device ]] || ((waited >= patience)); then
    break
  fi
  sleep 1
done
if [[ -z $found ]]; then
  if [[ -n $device && $device != auto ]]; then
    die "$device is not there after $patience seconds"
  fi
  note "there is no data volume $label: data are on the root disk"
  exit 0
fi

kind=$(blkid --probe --cache-file /dev/null --output value --match-tag TYPE "$found")
if [[ $kind == ext4 ]]; then
  status=0
  e2fsck -p "$found" >&2 || status=$?
  # 1: mended.
  if ((status > 1)); then
    die "$found has errors that only a person can mend: e2fsck $found"
  fi
fi
mkdir -p "$clusters"
mount -t "$kind" -o noatime,nodev,nosuid "$found" "$clusters"
if [[ $kind == ext4 ]]; then
  # The disk may be larger than it was. A volume that is too small is better than none.
  resize2fs "$found" >&2 || note "$found does not grow to its disk"
fi
chown "$account:$account" "$clusters"
chmod 750 "$clusters"
note "$found is the data volume $label"
