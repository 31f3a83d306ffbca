# shellcheck shell=bash disable=SC2154
# The primary of a replica: how to reach it, what to ask it, and the slot that it keeps WAL in.

# Sets primary_host, and primary_options for PostgreSQL's programs: a server of ours has a socket, which needs
# no password; any other is asked on localhost, with the passwords that clients find by themselves.
find_primary() { # PORT
  find_base
  primary_host=localhost
  if find_server "$base/$1" "$1"; then
    primary_host=$base/$1
  fi
  primary_options=(--host="$primary_host" --port="$1" --username="$superuser" --no-password)
}

# Answers are text of somebody else's server: what is not expected is an error.
ask_primary() { # [psql options]; SQL comes from standard input
  PGCONNECT_TIMEOUT=10 PGDATABASE=postgres "$bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align \
    --set=ON_ERROR_STOP=1 "${primary_options[@]}" "$@"
}

# A slot that nobody reads keeps the primary's WAL for ever: one of a replica that is gone must go too.
drop_slot() {
  local slot port left bin=${bin:-} kept
  slot=$(link_of "$state" slot)
  port=$(link_of "$state" primary)
  kept=$(link_of "$state" temporary)
  # With a data directory that is kept, the slot is.
  if [[ -z $slot || -z $port || (-z $kept && -z $making) ]]; then
    return
  fi
  if [[ -z $bin ]]; then
    bin=$(link_of "$state" bin)
  fi
  find_primary "$port"
  # The primary takes a moment to see that its reader has gone.
  for _ in {1..50}; do
    left=$(ask_primary --set=slot="$slot" 2>/dev/null <<'SQL'
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'slot' and not active \g /dev/null
select count(*) from pg_replication_slots where slot_name = :'slot';
SQL
    ) || return 0
    if [[ $left == 0 ]]; then
      return
    fi
    sleep 0.1
  done
  note "the slot $slot is still on the primary on port $port; drop it: select pg_drop_replication_slot('$slot')"
}
