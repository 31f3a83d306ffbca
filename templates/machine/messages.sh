# shellcheck shell=bash
# Messages of the machine's programs; they are in the journal.

note() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
  note "$@"
  exit 1
}
