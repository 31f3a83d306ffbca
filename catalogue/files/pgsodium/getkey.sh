#!/bin/sh
# Prints the root key of pgsodium, 64 hexadecimal digits, for pgsodium.getkey_script.
#
# The key is in $PGSODIUM_KEY_FILE, else in a directory beside the data directory: a base backup must
# not hold the key to what it holds. It is created once. Losing it is losing what it encrypted; keep a
# copy elsewhere, and in production have a script of your own ask a key management service.
set -eu
umask 077

fail() {
  echo "pgsodium getkey: $1" >&2
  exit 1
}

# The server runs this with the data directory as its working directory.
data=${PGDATA:-$PWD}
key_file=${PGSODIUM_KEY_FILE:-$(cd "$data" && pwd -P).key/pgsodium_root.key}

if [ ! -e "$key_file" ]; then
  mkdir -p "$(dirname "$key_file")"
  new=$(mktemp "$key_file.XXXXXX")
  trap 'rm -f "$new"' EXIT
  od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$new"
  [ "$(wc -c <"$new")" -eq 64 ] || fail "could not read 32 random bytes"
  # A link never replaces: of two servers that start at once, both get the first one's key.
  ln "$new" "$key_file" 2>/dev/null || [ -e "$key_file" ] || fail "cannot create $key_file"
fi

[ -O "$key_file" ] || fail "$key_file belongs to another user"
[ -z "$(find "$key_file" -prune -perm /077)" ] || fail "$key_file is open to others: chmod 600 it"
key=$(cat "$key_file")
case $key in
*[!0-9a-fA-F]*) fail "$key_file holds something else than hexadecimal digits" ;;
esac
[ "${#key}" -eq 64 ] || fail "$key_file does not hold 64 hexadecimal digits"
printf '%s' "$key"
