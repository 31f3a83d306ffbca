#!/usr/bin/env bash
# What CloudNativePG takes, without Kubernetes: the server's image, started as the operator does, and images of
# extensions, each mounted where the operator mounts it, in that server and in Debian's own PostgreSQL of the same
# major, which is another build and has no Nix store. As root:
# cloudnative-pg.sh DEBIAN NAME SMOKE SERVER.tar.gz EXTENSION=IMAGE.tar.gz…
#
# DEBIAN is a root directory of a release that has this PostgreSQL; it stays as it is. Programs of the test's package
# set are links to the machine's own, which is therefore mounted in the server's image.
set -euo pipefail

if (($# < 5)); then
  echo "usage: cloudnative-pg.sh DEBIAN NAME SMOKE SERVER.tar.gz EXTENSION=IMAGE.tar.gz…" >&2
  exit 2
fi
if [[ -z ${PGFLAKEGEN_WORK:-} ]]; then
  # Mounts end with the namespace, and so does what runs and all that is written.
  PGFLAKEGEN_WORK=$(mktemp -d)
  export PGFLAKEGEN_WORK
  trap 'rmdir "$PGFLAKEGEN_WORK"' EXIT
  unshare --mount --pid --fork --kill-child --mount-proc "$0" "$@"
  exit
fi
debian=$1 name=$2 smoke=$3 server=$4
shift 4
work=$PGFLAKEGEN_WORK
mount -t tmpfs -o mode=755 tmpfs "$work"

fail() {
  echo "failed: $*" >&2
  if [[ -e $work/log ]]; then tail -n 25 "$work/log" >&2; fi
  exit 1
}

unpack() { # IMAGE FOLDER: its configuration is FOLDER.json
  mkdir -p "$2" "$work/archive"
  tar -xzf "$1" -C "$work/archive"
  cp "$work/archive/$(jq -r '.[0].Config' "$work/archive/manifest.json")" "$2.json"
  jq -r '.[0].RepoTags[0]' "$work/archive/manifest.json" >"$2.tag"
  local layer
  while read -r layer; do
    tar -xf "$work/archive/$layer" -C "$2" --numeric-owner
  done < <(jq -r '.[0].Layers[]' "$work/archive/manifest.json")
  rm -r "$work/archive"
}

expect() { # CONFIG JQ-FILTER VALUE
  local there
  there=$(jq -c "$2" "$1")
  [[ $there == "$3" ]] || fail "$2 of $1 is $there, not $3"
}

echo "== images of extensions: what is in them"
extensions=()
for given; do
  extension=${given%%=*}
  extensions+=("$extension")
  folder=$work/extensions/$extension
  mkdir -p "$work/extensions"
  unpack "${given#*=}" "$folder"
  [[ $(<"$folder.tag") =~ ^[a-z0-9-]+:[0-9A-Za-z._-]+-$name$ ]] || fail "the tag is $(<"$folder.tag")"
  expect "$folder.json" '.config | has("Entrypoint") or has("Cmd")' false
  [[ $(cd "$folder" && echo *) == "lib share" ]] || fail "$extension has $(cd "$folder" && echo *)"
  [[ -d $folder/share/extension ]] || fail "$extension has no share/extension"
  if found=$(grep -rl /nix/store "$folder"); then fail "the Nix store is named in $found"; fi
  if [[ -n $(find "$folder" -type l) ]]; then fail "$extension has links"; fi
  for library in "$folder"/lib/*; do
    # shellcheck disable=SC2016
    if [[ -e $library && $(patchelf --print-rpath "$library") != @('$ORIGIN'|) ]]; then fail "$library looks elsewhere"; fi
  done
  echo "$extension: $(<"$folder.tag"), $(du -sb "$folder" | cut -f1) bytes, archive $(stat -Lc %s "${given#*=}"): $(cd "$folder" && echo lib/*)"
done
[[ -e $work/extensions/greeting/lib/libgreeting.so.1 && -e $work/extensions/greeting/lib/libuuid.so.1 ]] ||
  fail "what greeting needs is not beside it"

# In both servers: each extension is made from its image alone, and its smoke test passes.
cat >"$work/use.sh" <<'SH'
set -euo pipefail
# The operator's own configuration.
initdb --pgdata "$PGDATA" --username postgres --encoding UTF8 --locale C --auth-local trust --no-sync >/dev/null
control='$system' libraries='$libdir'
for extension in $EXTENSIONS; do
  control+=:/extensions/$extension/share libraries+=:/extensions/$extension/lib
done
cat >"$PGDATA/custom.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = '$PGHOST'
extension_control_path = '$control'
dynamic_library_path = '$libraries'
shared_preload_libraries = 'pgaudit'
fsync = off
wal_level = logical
CONF
echo "include 'custom.conf'" >>"$PGDATA/postgresql.conf"
postgres -D "$PGDATA" -c port=5432 &
server=$!
for _ in $(seq 300); do
  if psql -XAtqc 'select 1' postgres >/dev/null 2>&1; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then exit 1; fi
  sleep 0.1
done
sql() { psql -XAtq --set=ON_ERROR_STOP=1 postgres "$@"; }
sql -c "create extension pgtap"
sql -c "create extension pgaudit"
sql -c "create extension vector"
sql -c "create extension greeting"
echo "greeting: $(sql -c 'select greeting()')"
for test in pgaudit pgvector; do
  passed=0
  while read -r line; do
    case $line in
      'not ok'*) echo "$line"; exit 1 ;;
      ok*) passed=$((passed + 1)) ;;
    esac
  done < <(sql -f "/smoke/$test.sql")
  echo "$test: $passed"
done
if [[ -n ${FULL:-} ]]; then
  sql -c "create table kept as select 42 as n"
  pg_basebackup --pgdata "$PGDATA-copy" --checkpoint fast --host "$PGHOST" --username postgres
  pg_controldata "$PGDATA-copy" >/dev/null
  pg_ctl status --pgdata "$PGDATA" >/dev/null
  echo "disk: $(du -s "$PGDATA" | cut -f2)"
fi
kill -INT "$server"
status=0
wait "$server" || status=$?
echo "status: $status"
SH

mount_extensions() { # ROOT
  local extension
  mkdir -p "$1/smoke"
  mount --bind "$smoke" "$1/smoke"
  for extension in "${extensions[@]}"; do
    mkdir -p "$1/extensions/$extension"
    mount --bind -o ro "$work/extensions/$extension" "$1/extensions/$extension"
  done
}

check() { # WHERE
  local line
  for line in "greeting: hello 00000000-0000-0000-0000-00000000002a" "pgaudit: 2" "pgvector: 4" "status: 0"; do
    grep -qxF "$line" "$work/log" || fail "$1: no line '$line'"
  done
}

echo "== the server's image"
root=$work/root
unpack "$server" "$root"
expect "$root.json" .config.User '"26"'
expect "$root.json" '.config | has("Entrypoint") or has("Cmd") or has("Volumes") or has("Healthcheck")' false
[[ $(<"$root.tag") =~ ^postgresql-${name}:${name}[._-] ]] || fail "the operator reads no major of $(<"$root.tag")"
[[ $(stat -c %u "$root/var/lib/postgresql/data") == 26 ]] || fail "owner of the data"
mount --bind "$root" "$root"
for directory in usr lib lib64 dev proc; do
  mkdir -p "$root/$directory"
  mount --rbind "/$directory" "$root/$directory"
done
mount_extensions "$root"
mapfile -t environment < <(jq -r '.config.Env[]' "$root.json")
in_image() {
  chroot --userspec=26:26 "$root" /usr/bin/env -i "${environment[@]}" "$@"
}
for program in initdb postgres pg_ctl pg_controldata pg_basebackup pg_rewind psql pg_isready du; do
  # shellcheck disable=SC2016
  [[ $(in_image /bin/bash -c 'command -v "$1"' command "$program") == "/bin/$program" ]] || fail "$program is not there"
done
if [[ $(<"$root.tag") == *-barman ]]; then
  for program in backup backup-delete backup-list check-wal-archive restore wal-archive wal-restore; do
    in_image "barman-cloud-$program" --version >"$work/log" 2>&1 || fail "barman-cloud-$program"
  done
  cat "$work/log"
fi
# Only what the operator mounts can be written to.
for directory in controller run var/lib/postgresql/data tmp; do
  mkdir -p "$work/writable/$directory"
  chown 26:26 "$work/writable/$directory"
  mount --bind "$work/writable/$directory" "$root/$directory"
done
cp "$work/use.sh" "$root/controller/use.sh"
mount -o remount,ro,bind "$root"
mkdir -p "$work/writable/controller/run"
chown 26:26 "$work/writable/controller/run"
in_image PGDATA=/var/lib/postgresql/data/pgdata PGHOST=/controller/run FULL=1 EXTENSIONS="${extensions[*]}" \
  /bin/bash /controller/use.sh >"$work/log" 2>&1 || fail "the server's image"
check "the server's image"
grep -q '^disk: ' "$work/log" || fail "a copy by pg_basebackup"
grep -v "LOG:" "$work/log"

echo "== Debian's PostgreSQL"
rm "$work/log"
mkdir -p "$work/upper" "$work/overlay" "$work/debian"
other=$work/debian
mount -t overlay overlay -o "lowerdir=$debian,upperdir=$work/upper,workdir=$work/overlay" "$other"
mount --rbind /dev "$other/dev"
mount -t proc proc "$other/proc"
cp /etc/resolv.conf "$other/etc/resolv.conf"
cp /etc/apt/apt.conf.d/* "$other/etc/apt/apt.conf.d/" 2>/dev/null || true
# A Nix that could not be set up there, and would stop apt, is not needed here.
{
  chroot "$other" apt-get update --quiet
  # shellcheck disable=SC2016
  mapfile -t broken < <(chroot "$other" dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^\(unpacked\|half-configured\) //p')
  if ((${#broken[@]} > 0)); then chroot "$other" dpkg --remove --force-all "${broken[@]}"; fi
  DEBIAN_FRONTEND=noninteractive chroot "$other" apt-get install --yes --no-install-recommends "postgresql-$name"
} >"$work/log" 2>&1 || fail "postgresql-$name of Debian"
rm -rf "$other/nix"
mount_extensions "$other"
mkdir -p "$other/cnpg"
cp "$work/use.sh" "$other/cnpg/use.sh"
chroot "$other" chown -R postgres /cnpg
in_debian() {
  chroot --userspec=postgres:postgres "$other" /usr/bin/env -i "PATH=/usr/lib/postgresql/$name/bin:/usr/bin:/bin" LANG=C.UTF-8 PGHOST=/cnpg \
    EXTENSIONS="${extensions[*]}" "$@"
}
in_debian postgres --version
if in_debian ls /nix >/dev/null 2>&1; then fail "there is a Nix store"; fi
in_debian PGDATA=/cnpg/data /bin/bash /cnpg/use.sh >"$work/log" 2>&1 || fail "Debian's PostgreSQL"
check "Debian's PostgreSQL"
grep -v "LOG:" "$work/log"

echo "== without what it needs, an extension is not there"
umount "$other/extensions/greeting"
rm "$work/extensions/greeting/lib/libgreeting.so.1"
mount --bind "$work/extensions/greeting" "$other/extensions/greeting"
if in_debian PGDATA=/cnpg/again /bin/bash /cnpg/use.sh >"$work/log" 2>&1; then fail "greeting does without libgreeting"; fi
grep -q 'libgreeting.so.1: cannot open shared object file' "$work/log" || fail "another error"
echo "libgreeting.so.1: cannot open shared object file"
