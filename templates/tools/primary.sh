# shellcheck shell=bash disable=SC2154
# The primary of a replica: how to reach it, what to ask it, the slot that it keeps WAL in, and whom it waits for.

is_url() { # TEXT
  [[ $1 == postgresql://* || $1 == postgres://* ]]
}

# Sets primary_host, primary_shown, and primary_options for PostgreSQL's programs: a server of ours has a socket, which
# needs no password; any other is asked on localhost or by its URL, with the passwords that clients find by themselves.
find_primary() { # PORT_OR_URL
  find_base
  if is_url "$1"; then
    primary_host=''
    # Without a password, whoever may be looking.
    primary_shown=${1#*://}
    primary_shown=${primary_shown%%[?]*}
    primary_shown="at ${primary_shown##*@}"
    make_printable primary_shown
    primary_options=(--dbname="$1" --no-password)
    return
  fi
  primary_host=localhost
  primary_shown="on port $1"
  if find_server "$base/$1" "$1"; then
    primary_host=$base/$1
  fi
  primary_options=(--host="$primary_host" --port="$1" --username="$superuser" --no-password)
}

# Answers are text of somebody else's server: what is not expected is an error.
ask_primary() { # [psql options]; SQL comes from standard input
  local PGPASSFILE=${PGPASSFILE:-}
  # Who stops a replica need not know the password that it was started with.
  if [[ -z $PGPASSFILE && -z ${PGPASSWORD:-} && -e ${state:-}/pgpass ]]; then PGPASSFILE=$state/pgpass; fi
  if [[ -n $PGPASSFILE ]]; then export PGPASSFILE; fi
  PGCONNECT_TIMEOUT=10 PGDATABASE=postgres PGUSER=${PGUSER:-$superuser} "$bin/bin/psql" --no-psqlrc --quiet \
    --tuples-only --no-align --set=ON_ERROR_STOP=1 "${primary_options[@]}" "$@"
}

# Has the primary wait for the replicas that were started with --synchronous: with this one, or without it. What
# somebody else has set stays. Prints what is not as it should be.
set_synchronous() { # SLOT WITH (t or f)
  ask_primary --set=slot="$1" --set=with="$2" <<'SQL'
select pg_advisory_lock(hashtext('start-replica --synchronous')) \g /dev/null
select current_setting('synchronous_standby_names') as before \gset
select :'before' !~ '^(FIRST \d+ \(replica_\d+(, replica_\d+)*\))?$' as others \gset
\if :others
  select case when :'with' then 'its synchronous_standby_names is ' || :'before' || ', which was not set by start-replica' end
  where :'with';
\else
  select coalesce('FIRST ' || count(*) || ' (' || string_agg(name, ', ' order by name) || ')', '') as after
  from (select m[1] as name from regexp_matches(:'before', 'replica_\d+', 'g') m
        where m[1] <> :'slot' union select :'slot' where :'with') names \gset
  select :'after' = '' as nobody \gset
  \if :nobody
    alter system reset synchronous_standby_names;
  \else
    alter system set synchronous_standby_names = :'after';
  \endif
  select pg_reload_conf() \g /dev/null
  -- The reload comes between two statements.
  select pg_sleep(0.2) \g /dev/null
  select 'its synchronous_standby_names does not become ' || :'slot' || '; is it set on its command line?'
  where :'with' and current_setting('synchronous_standby_names') !~ ('\m' || :'slot' || '\M');
\endif
SQL
}

# What is to be undone at the primary when a replica has ended. A slot that nobody reads keeps the primary's WAL for
# ever, and a replica that it waits for keeps every commit from ending.
leave_primary() {
  local slot primary left bin=${bin:-} kept
  slot=$(link_of "$state" slot)
  primary=$(link_of "$state" primary)
  kept=$(link_of "$state" temporary)
  if [[ -z $slot || -z $primary ]]; then
    return
  fi
  if [[ -z $bin ]]; then
    bin=$(link_of "$state" bin)
  fi
  find_primary "$primary"
  if [[ -L $state/synchronous ]]; then
    left=$(set_synchronous "$slot" f 2>&1) || left=${left:-no answer}
    if [[ -n $left ]]; then
      make_printable left
      note "the primary $primary_shown may still wait for $slot ($left); see synchronous_standby_names there"
    fi
  fi
  # With a data directory that is kept, the slot is.
  if [[ -z $kept && -z $making ]]; then
    return
  fi
  drop_slot "$slot" "$primary"
}

drop_slot() { # SLOT PRIMARY
  local left
  # The primary takes a moment to see that its reader has gone.
  for _ in {1..50}; do
    left=$(ask_primary --set=slot="$1" 2>/dev/null <<'SQL'
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = :'slot' and not active \g /dev/null
select count(*) from pg_replication_slots where slot_name = :'slot';
SQL
    ) || left=
    if [[ $left == 0 ]]; then
      return
    fi
    if [[ -z $left ]]; then break; fi
    sleep 0.1
  done
  # A primary that is gone has no slot.
  if [[ -z $left && $primary_host == localhost ]] && ! port_is_used "$2"; then
    return
  fi
  note "the slot $1 is still on the primary $primary_shown; drop it: select pg_drop_replication_slot('$1')"
}

# Ends its being a replica: it takes writes from here on, and its old primary forgets it.
promote_what() {
  local wanted
  if [[ -z $port_given && ${#arguments[@]} == 0 ]] || { ((${#arguments[@]} == 1)) && is_name "${arguments[0]}"; }; then
    die "which one? Give its PORT"
  fi
  which_server
  find_state "$port"
  if ! find_server "$state" "$port"; then
    die "no server of yours runs on port $port"
  fi
  name=$(link_of "$state" name)
  datadir=$(link_of "$state" data)
  bin=$(link_of "$state" bin)
  if [[ -n $wanted && $name != "$wanted" ]]; then
    die "the server on port $port is PostgreSQL $name, not $wanted. Nothing was changed"
  fi
  if [[ ! -L $state/primary || ! -e $datadir/standby.signal ]]; then
    die "the server on port $port is no replica"
  fi
  "$bin/bin/pg_ctl" promote --silent --wait --timeout=600 --pgdata="$datadir" >&2 || die "it cannot be promoted; its log says why"
  # The slot goes with the data directory kept or not: nobody will read it.
  making=1
  leave_primary
  making=''
  rm -f -- "$state"/{primary,slot,synchronous}
  note "the server on port $port is a primary now"
}
