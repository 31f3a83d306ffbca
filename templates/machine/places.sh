# shellcheck shell=bash disable=SC2034
# Where clusters are, and PostgreSQL's own account.

readonly clusters=${PGFLAKEGEN_CLUSTERS:-/var/lib/postgresql}
readonly account=${PGFLAKEGEN_ACCOUNT:-postgres}
