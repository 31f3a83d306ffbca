#!/bin/sh
# Prints the server's root key, 64 hexadecimal digits, for pgsodium.getkey_script and
# vault.getkey_script.
#
# The key is in $PGSODIUM_KEY_FILE, else in a directory of its own beside the data directory: a base
# backup must not contain the key to what it contains. It is made once. Who loses it loses what it
# encrypted, so keep a copy elsewhere; in production, write a script that asks a key management service.
set -eu
umask 077

fail() {
  echo "getkey: $1" >&2
  exit 1
}

if [ -z "${PGSODIUM_KEY_FILE-}" ]; then
  # The server runs this in its data directory, whatever PGDATA says.
  data=$(pwd -P)
  [ -f "$data/PG_VERSION" ] || data=$(cd "${PGDATA:?no data directory here}" && pwd -P)
  PGSODIUM_KEY_FILE=$data.key/root.key
fi
key_file=$PGSODIUM_KEY_FILE

if [ ! -e "$key_file" ]; then
  mkdir -p "$(dirname "$key_file")" || fail "set PGSODIUM_KEY_FILE to a file the server may create"
  new=$(mktemp "$key_file.XXXXXX")
  trap 'rm -f "$new"' EXIT
  od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$new"
  # ln never replaces: of two servers that start at once, both get the key of the first.
  ln "$new" "$key_file" 2>/dev/null || [ -e "$key_file" ] || fail "cannot create $key_file"
fi

# shellcheck disable=SC2012 # one file, and its mode is all that is read
case $(ls -ldL "$key_file") in
-r?-------*) ;;
*) fail "others may read or write $key_file: chmod 600 it" ;;
esac
key=$(cat "$key_file")
case $key in
*[!0-9a-fA-F]*) fail "$key_file has something else than hexadecimal digits" ;;
esac
[ "${#key}" -eq 64 ] || fail "$key_file does not have 64 digits"
echo "$key"
