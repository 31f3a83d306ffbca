# shellcheck shell=bash disable=SC2154
# postgresql.conf and pg_hba.conf of a cluster that this machine's unit serves. Who has NixOS's module has its own.

write_hba() { # DATADIR
  cat >"$1/pg_hba.conf" <<EOF
# Over the socket the account of PostgreSQL is the superuser; everybody else has a password.
local all             $account peer
local replication     $account peer
local all             all      scram-sha-256
host  all             all      all scram-sha-256
host  replication     all      all scram-sha-256
EOF
}

# Once, for a cluster that was not made here: what it had belongs to another machine.
write_files() { # DATADIR
  rm -f "$1/postgresql.conf"
  cat >"$1/postgresql.conf" <<EOF
# The catalogue's settings, written anew at each start; lines below win over them.
include_if_exists '$conf_file'
listen_addresses = '*'
unix_socket_directories = '/run/postgresql'
# The journal has the time.
log_line_prefix = '[%p] '
EOF
  write_hba "$1"
}
