#!/usr/bin/env bash
# Makes a disk for UEFI of a Debian root directory and the units of a machine from the store: no virtual machine, no loop
# devices. What NixOS's image has (templates/machine/image.nix), this one has by Debian's means.
#
#     machine-image.sh BASE MACHINE DISK MIB
#
# BASE: what debootstrap has made, with a kernel; MACHINE: the store path with the units; DISK: the file; MIB: its size.
set -euo pipefail

base=${1:?} machine=${2:?} disk=${3:?} size=${4:?}
work=$(mktemp -d "$(dirname "$disk")/image.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

step() {
  printf '%5ss %s\n' "$SECONDS" "$1"
}

step 'root directory'
cp --archive --reflink=auto "$base" "$root"
# As NixOS has it: data volumes go from one to the other.
echo 'postgres:x:71:' >>"$root/etc/group"
echo 'postgres:!::' >>"$root/etc/gshadow"
echo 'postgres:x:71:71:PostgreSQL:/var/lib/postgresql:/bin/sh' >>"$root/etc/passwd"
echo 'postgres:!:19700::::::' >>"$root/etc/shadow"

step 'closure'
# What is in no store has no closure.
if [[ $machine == /nix/store/* ]]; then
  nix copy --no-check-sigs --to "$root" "$machine"
  mkdir -p "$root/nix/var/nix/gcroots"
  ln -sfn "$machine" "$root/nix/var/nix/gcroots/machine"
fi

step 'units and settings'
install -m 644 "$machine"/lib/systemd/system/* "$root/etc/systemd/system"
# Ours and what Debian leaves to the administrator.
units=()
for unit in "$machine"/lib/systemd/system/*.service; do
  units+=("${unit##*/}")
done
systemctl --quiet --root "$root" enable "${units[@]}" systemd-networkd.service systemd-resolved.service ssh.service
systemctl --quiet --root "$root" mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer

write() { # PATH: the text is stdin
  mkdir -p "$(dirname "$root/$1")"
  cat >"$root/$1"
}
# The root grows to the disk, and its file system after it, before anything runs.
write usr/lib/repart.d/20-root.conf <<'EOF'
[Partition]
Type=root
EOF
write etc/fstab <<'EOF'
PARTLABEL=root / ext4 x-systemd.growfs 0 1
PARTLABEL=esp /boot/efi vfat umask=0077,nofail 0 2
EOF
mkdir -p "$root/boot/efi"
write etc/systemd/network/80-machine.network <<'EOF'
[Match]
Name=e*
[Network]
DHCP=yes
EOF
write etc/cloud/cloud.cfg.d/90-machine.cfg <<'EOF'
datasource_list: [Ec2, None]
disable_root: true
growpart: { mode: "off" }
network: { config: disabled }
resize_rootfs: false
ssh_pwauth: false
EOF
write etc/ssh/sshd_config.d/10-machine.conf <<'EOF'
KbdInteractiveAuthentication no
PasswordAuthentication no
PermitRootLogin prohibit-password
EOF
write etc/systemd/journald.conf.d/machine.conf <<'EOF'
[Journal]
ForwardToConsole=yes
MaxLevelConsole=info
SystemMaxUse=500M
EOF
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/hosts "$root"/etc/hostname
echo uninitialized >"$root/etc/machine-id"
echo '127.0.0.1 localhost' >"$root/etc/hosts"

step 'boot loader'
kernel=("$root"/boot/vmlinuz-*)
initrd=("$root"/boot/initrd.img-*)
write loader.conf <<'EOF'
timeout 0
EOF
write entry.conf <<'EOF'
title Debian
linux /linux
initrd /initrd
options root=PARTLABEL=root rw console=ttyS0,115200n8 systemd.show_status=yes
EOF
mv "$root"/{loader,entry}.conf "$work"

step 'disk'
rm -f "$disk"
truncate --size "${size}M" "$disk"
# Types of systemd's list of partitions: the ESP, and x86-64's root.
sfdisk --quiet "$disk" <<'EOF'
label: gpt
start=1MiB, size=200MiB, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp
start=201MiB, type=4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709, name=root
EOF
mib=1048576
mkfs.vfat -F 32 -s 1 --offset 2048 -n ESP "$disk" $((200 * 1024)) >/dev/null
esp=$disk@@$mib
mmd -i "$esp" ::EFI ::EFI/BOOT ::loader ::loader/entries
mcopy -i "$esp" /usr/lib/systemd/boot/efi/systemd-bootx64.efi ::EFI/BOOT/BOOTX64.EFI
mcopy -i "$esp" "${kernel[0]}" ::linux
mcopy -i "$esp" "${initrd[0]}" ::initrd
mcopy -i "$esp" "$work/loader.conf" ::loader/loader.conf
mcopy -i "$esp" "$work/entry.conf" ::loader/entries/debian.conf
# A sector less for the second table of partitions.
mkfs.ext4 -q -L root -d "$root" -E "offset=$((201 * mib)),root_owner=0:0" "$disk" "$((size - 202))M"
step "$(du --block-size=1M "$disk" | cut -f1) MiB of $size"
