# shellcheck shell=bash disable=SC2154
# What backs up: `archive PATH` for PostgreSQL's archive_command, `base` for the timer. TOOL: pgbackrest or wal-g, with its
# own settings in its own variables and files; or a program of one's own, which is called with the same words.

readonly tool=${PGFLAKEGEN_BACKUP_TOOL:?}
readonly stanza=${PGFLAKEGEN_BACKUP_STANZA:-main}
readonly usage='backup archive PATH | base'

case ${1:?$usage} in
  archive | base) ;;
  *) die "$usage" ;;
esac
case $tool:$1 in
  pgbackrest:archive) exec pgbackrest --stanza="$stanza" archive-push "${2:?$usage}" ;;
  pgbackrest:base)
    # Does nothing where there is one.
    pgbackrest --stanza="$stanza" stanza-create
    exec pgbackrest --stanza="$stanza" backup
    ;;
  wal-g:archive) exec wal-g wal-push "${2:?$usage}" ;;
  wal-g:base) exec wal-g backup-push "${PGFLAKEGEN_DATADIR:?}" ;;
  /*) exec "$tool" "$@" ;;
  *) die "there is no tool $tool: pgbackrest, wal-g, or the path of a program" ;;
esac
