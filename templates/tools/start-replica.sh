# shellcheck shell=bash disable=SC2154
# A streaming replica of a running server.

usage() {
  cat <<EOF
Starts a read-only copy of a running server, kept up to date by streaming replication with a slot.

usage: $program NAME PRIMARY PORT [--datadir DIR] [--daemonize] [--trust] [--synchronous]
       ${program//?/ } [--extension-version EXTENSION=VERSION]… [-- OPTIONS]
       $program --promote [NAME] PORT
       $program --stop [NAME] PORT

  NAME           one of: $names; of the primary's major version
  PRIMARY        the primary's port, or its URL: postgresql://USER@HOST:PORT. A server of yours is reached by its
                 socket, any other on localhost (a password comes from PGPASSFILE, ~/.pgpass or PGPASSWORD; one
                 in the URL is seen by everybody who sees processes). It may be a replica itself
  PORT           where the replica listens on localhost, with the primary's password; when the primary has
                 no password, only on a socket, which start-client and --stop find by PORT
  --datadir DIR  data directory: copied from the primary when it is not there, kept when the replica stops
                 (default: a temporary one, which goes with the replica, and so does its slot)
  --daemonize    return when the replica is ready; it runs until --stop
  --synchronous  the primary's commits wait until the replica has them, for as long as it runs: of several such
                 replicas, for all
  --promote      make the replica on PORT a server of its own, which takes writes; its slot is dropped
  --extension-version
                 as with start-server; the primary should have the same
  --trust        everybody on this machine is let in as everybody, without a password
  OPTIONS        for postgres
EOF
}

parse_options "$@"
if [[ -n $stop ]]; then
  if [[ -z $port_given ]] && { ((${#arguments[@]} == 0)) || { ((${#arguments[@]} == 1)) && is_name "${arguments[0]}"; }; }; then
    die "which one? Give its PORT"
  fi
  stop_what
  exit
fi
if [[ -n $promote ]]; then
  promote_what
  exit
fi
if ((${#arguments[@]} != 3)); then
  die "give NAME PRIMARY PORT; PRIMARY is a port or a URL, NAME is one of $names. See $program --help"
fi
primary=${arguments[1]}
if ! is_url "$primary"; then
  set_port "$primary"
  primary=$port
fi
set_port "${arguments[2]}"
if [[ $primary == "$port" ]]; then
  die "primary and replica cannot have the same port"
fi
refuse_root
select_postgresql "${arguments[0]}"
select_extension_versions "${extension_versions[@]}"
set_locale
find_primary "$primary"
trap_signals
claim_port "$port" 1
slot=replica_$port

if ! version=$(ask_primary <<<'show server_version_num'); then
  hint=''
  if ! is_url "$primary"; then hint=" Start one with: nix run .#start-server $name $primary"; fi
  die "no primary answers $primary_shown.$hint"
fi
if [[ ! $version =~ ^[1-9][0-9]{4,6}$ ]]; then
  version=${version:0:100}
  make_printable version
  die "what answers $primary_shown is no PostgreSQL: its version is $version"
fi
if ((version / 10000 != major)); then
  die "the primary $primary_shown is of major $((version / 10000)); a replica must be too, and $name is of major $major"
fi
if ! primary_system=$(ask_primary <<<'select system_identifier from pg_control_system()') ||
  [[ ! $primary_system =~ ^[0-9]{1,20}$ ]]; then
  die "the primary $primary_shown does not say which database system it is; does $superuser exist there, as a superuser?"
fi

# Whether the primary has our slot: t or f, in use or not; nothing when it has none.
slot_in_use() {
  ask_primary --set=slot="$slot" <<<"select active from pg_replication_slots where slot_name = :'slot'"
}

check_slot() {
  local active
  active=$(slot_in_use)
  case $active in
    t) die "the slot $slot of the primary is in use: another replica with port $port reads from it. Give another port" ;;
    f | '') slot_there=$active ;;
    *)
      active=${active:0:100}
      make_printable active
      die "what answers $primary_shown is no PostgreSQL: it says $active"
      ;;
  esac
}

# pg_basebackup is several processes, which end together: they are a process group, in the background, so that
# a signal need not wait for them either.
copy_primary() {
  local status=0 create=()
  check_slot
  if [[ -z $slot_there ]]; then create=(--create-slot); fi
  note "copying the primary to $datadir"
  making=1
  remember "primary=$primary" "slot=$slot" "bin=$bin"
  trap '[[ -z ${!:-} ]] || { kill -TERM -- "-$!"; wait "$!"; } 2>/dev/null; exit 130' HUP INT QUIT TERM
  set -o monitor
  (umask 077 && PGUSER=${PGUSER:-$superuser} exec "$bin/bin/pg_basebackup" --pgdata="$datadir" "${primary_options[@]}" --wal-method=stream \
    --checkpoint=fast --write-recovery-conf --slot="$slot" "${create[@]}" 8<&- 9<&-) &
  set +o monitor
  wait "$!" || status=$?
  trap_signals
  ((status == 0)) || die "the copy failed"
}

# A replica that was kept goes on with the primary that it was copied from, wherever that listens now.
check_kept() {
  local own
  if [[ ! -e $datadir/standby.signal ]]; then
    die "$datadir is a data directory, but not of a replica. Nothing was changed; give another --datadir"
  fi
  own=$(LC_ALL=C "$bin/bin/pg_controldata" --pgdata="$datadir" | sed -n 's/^Database system identifier: *//p')
  if [[ $own != "$primary_system" ]]; then
    die "$datadir is a replica of another database: its system identifier is $own, that of the server $primary_shown is $primary_system.
  Nothing was changed; give its own primary, or another --datadir"
  fi
  check_slot
  if [[ -z $slot_there ]]; then
    note "the primary has no slot $slot (any more): making it. If WAL that the replica needs is gone, copy it anew"
    ask_primary --set=slot="$slot" <<<"select pg_create_physical_replication_slot(:'slot', true) \g /dev/null"
  fi
}

# Appends a parameter to the URL in conninfo. The last one of a name counts.
add_parameter() { # NAME WORD
  local LC_ALL=C word=$2 at byte encoded='' separator='?'
  for ((at = 0; at < ${#word}; at++)); do
    case ${word:at:1} in
      [A-Za-z0-9._~/-]) encoded+=${word:at:1} ;;
      *)
        printf -v byte '%d' "'${word:at:1}"
        printf -v encoded '%s%%%02X' "$encoded" "$((byte & 255))"
        ;;
    esac
  done
  if [[ $conninfo == *[?]* ]]; then separator='&'; fi
  conninfo+=$separator$1=$encoded
}

# Where the primary is. The file can only be read by its owner: it may have the password.
write_primary() {
  local file=$datadir/postgresql.auto.conf add
  if is_url "$primary"; then
    conninfo=$primary
    add=add_parameter
    # Who connects is, by default, the server's user.
    local authority=${primary#*://}
    if [[ ${authority%%[/?]*} != *@* && $primary != *[?\&]user=* ]]; then
      add_parameter user "${PGUSER:-$superuser}"
    fi
  else
    conninfo=''
    add=add_conninfo
    add_conninfo host "$primary_host"
    add_conninfo port "$primary"
    add_conninfo user "$superuser"
  fi
  "$add" application_name "$slot"
  if [[ -n ${PGPASSFILE:-} ]]; then
    local passwords
    passwords=$(realpath -m -- "$PGPASSFILE")
    "$add" passfile "$passwords"
  fi
  if [[ -n ${PGPASSWORD:-} ]]; then
    "$add" password "$PGPASSWORD"
  fi
  conninfo=${conninfo//\\/\\\\}
  (
    umask 077
    {
      # Nor is whom the primary waits for this one's, were it ever promoted.
      sed -E -e '/^[[:space:]]*primary_(conninfo|slot_name)[[:space:]=]/d' \
        -e "/^synchronous_standby_names = 'FIRST [0-9]+ [(]replica_/d" "$file"
      printf "primary_conninfo = '%s'\nprimary_slot_name = '%s'\n" "${conninfo//\'/\'\'}" "$slot"
    } >"$file.new"
  )
  mv -- "$file.new" "$file"
}

# For --stop, which may not have them. In the form of ~/.pgpass, or the file that it is.
keep_passwords() {
  local password=${PGPASSWORD:-} file
  if [[ -n $password ]]; then
    password=${password//\\/\\\\}
    (umask 077 && printf '*:*:*:*:%s\n' "${password//:/\\:}" >"$state/pgpass")
  elif [[ -n ${PGPASSFILE:-} ]]; then
    file=$(realpath -m -- "$PGPASSFILE")
    remember "pgpass=$file"
  fi
}

# The replica has the roles of its primary, and the password with them.
copy_password() {
  local data file
  if [[ $primary_host == /* ]]; then
    data=$(link_of "$primary_host" data)
    file=$data/$passfile
    if [[ -s $file ]]; then
      install -m 600 -- "$file" "$datadir/$passfile"
    else
      rm -f -- "$datadir/$passfile"
    fi
  fi
}

# Has the primary wait for the replica, which must stream before that: until then no commit would end.
be_synchronous() {
  local said
  remember "synchronous=$slot"
  said=$(set_synchronous "$slot" t) || die "the primary $primary_shown cannot be told to wait for the replica"
  if [[ -n $said ]]; then
    said=${said:0:300}
    make_printable said
    die "the primary $primary_shown cannot be told to wait for the replica: $said"
  fi
}

# Being ready says only that it reads what it has.
when_ready() {
  local streaming
  for _ in {1..100}; do
    streaming=$(PGDATABASE=postgres "$bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --host="$state" \
      --port="$port" --username="$superuser" --no-password \
      --command="select status from pg_stat_wal_receiver" 2>/dev/null) || true
    if [[ $streaming == streaming ]]; then
      if [[ -n $synchronous ]]; then be_synchronous; fi
      return
    fi
    process_identity "$server" >/dev/null || die "PostgreSQL has ended; why is said above"
    sleep 0.1 || true
  done
  note "warning: the replica reads, but nothing comes from the primary $primary_shown yet; the server's log says why"
}

is_replica=$(ask_primary <<<'select pg_is_in_recovery()')
if [[ -n $synchronous && $is_replica != f ]]; then
  die "the server $primary_shown is a replica itself, which never waits for others: --synchronous is for a primary"
fi
keep_passwords
choose_datadir "$datadir_given"
if [[ -n $fresh ]]; then
  copy_primary
else
  check_kept
fi
remember "primary=$primary" "slot=$slot"
write_primary
copy_password
finish_datadir
tcp=''
if [[ -n $trust || -s $datadir/$passfile || ! -e $datadir/$conf_file ]]; then
  tcp=1
else
  note "no password of the primary is known here, so the replica listens on its socket only (--trust: on TCP without one)"
fi
serve "$port" "$tcp" "$daemonize" "${postgres_options[@]}"
