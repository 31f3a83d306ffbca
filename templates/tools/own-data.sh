# shellcheck shell=bash disable=SC2154
# Data of one's own as OLD's: nothing of them is changed, and all work is on a copy.

# Sets source_kind to what --data names.
find_source_kind() {
  local start=''
  case $data in
    postgres://* | postgresql://*) source_kind=server ;;
    *)
      if [[ -s $data/PG_VERSION && -d $data/global ]]; then
        source_kind=cluster
      elif [[ -e $data/toc.dat ]]; then
        source_kind=archive
      elif [[ -f $data && -r $data ]]; then
        start=$(head -c 7 "$data" | tr -d '\0')
        # The custom format, and a tar archive with the table of contents first.
        if [[ $start == PGDMP* || $start == toc.dat ]]; then source_kind=archive; else source_kind=sql; fi
      else
        die "--data is $data, which is no data directory, no dump that can be read, and no postgresql://…"
      fi
      ;;
  esac
}

# A cluster is copied twice by pg_upgrade, once and as a dump by the other methods.
check_space() { # TIMES MIB-MORE WHAT-TO-DO
  local has needed free
  has=$(du --summarize --block-size=1M -- "$data" | cut -f1)
  free=$(df --output=avail --block-size=1M -- "$work" | tail -n 1)
  needed=$(($1 * has + $2))
  note "$data has $has MiB; $program wants up to $needed MiB in ${work%/*}, where $((free)) MiB are free"
  if ((needed > free)); then
    die "that is too little; $3"
  fi
}

# Whether the data directory can be copied, and is OLD's.
check_cluster() {
  local version elsewhere pid=''
  version=$(<"$data/PG_VERSION")
  if [[ $version != "$old_major" ]]; then
    make_printable version
    die "$data is of PostgreSQL $version, and OLD is of PostgreSQL $old_major"
  fi
  { read -r pid <"$data/postmaster.pid"; } 2>/dev/null || true
  if [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null; then
    die "a server (process $pid) runs on $data: stop it$otherwise_running"
  fi
  elsewhere=$(find "$data/pg_tblspc" -mindepth 1 -type l -print -quit)
  if [[ -n $elsewhere || -L $data/pg_wal ]]; then
    die "$data has parts in other places (tablespaces, or the write-ahead log), which a copy would share with it.
  $otherwise_dump"
  fi
}

# The cluster as OLD's, with settings of the catalogue and nobody let in but over our socket.
copy_cluster() {
  local there prepared
  # Whatever is shared with the original is shared only until it is written to.
  cp --archive --reflink=auto "$data" "$work/old" || die "$data cannot be copied"
  chmod -R u+rwX,go-rwx "$work/old"
  rm -f "$work/old"/{postmaster.pid,postgresql.auto.conf,standby.signal,recovery.signal}
  write_conf "$work/old" "$old_entry" "$old_bin"
  printf "include_if_exists '%s'\n" "$conf_file" >"$work/old/postgresql.conf"
  printf 'local all all trust\n' >"$work/old/pg_hba.conf"
  : >"$work/old/pg_ident.conf"
  there=$(find "$work/old/pg_replslot" -mindepth 1 -maxdepth 1 -printf x)
  slots=$((slots + ${#there}))
  prepared=$(LC_ALL=C "$old_bin/bin/pg_controldata" "$work/old" | sed -n 's/^max_prepared_xacts setting: *//p')
  write_wanted "$work/old" "$((prepared + 5))"
}

# NEW's templates as OLD's: pg_upgrade sees to it itself, dumps do not have those.
same_locale() {
  local fields=()
  sql old "$home" --field-separator-zero --record-separator-zero >"$work/locale" \
    --command="select pg_encoding_to_char(encoding), datcollate, datctype, coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
                 coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', ''), coalesce(to_jsonb(d) ->> 'daticurules', '')
               from pg_database as d where datname = 'template0'"
  mapfile -d '' -t fields <"$work/locale"
  options+=(--encoding="${fields[0]}" --lc-collate="${fields[1]}" --lc-ctype="${fields[2]}")
  case ${fields[3]} in
    i) options+=(--locale-provider=icu --icu-locale="${fields[4]}") ;;
    b) options+=(--locale-provider=builtin --builtin-locale="${fields[4]}") ;;
    *) ;;
  esac
  if [[ -n ${fields[5]} ]]; then
    options+=(--icu-rules="${fields[5]}")
  fi
}

# By OLD's own programs: what newer ones write, it does not take.
load_dump() {
  case $source_kind in
    server)
      step "a dump of the server"
      "$old_bin/bin/pg_dumpall" --no-password --dbname="$data" >"$work/own.sql" || die "the server cannot be dumped"
      without_superuser <"$work/own.sql" | sql old "$home" >"$work/own.log" || die "its dump cannot be loaded into PostgreSQL $old_name"
      ;;
    sql) without_superuser <"$data" | sql old "$home" >"$work/own.log" || die "$data cannot be loaded into PostgreSQL $old_name" ;;
    *)
      new_bin=$old_bin on old "$home" pg_restore --list "$data" >/dev/null || die "$data is no dump that pg_restore knows"
      # Into a database of its own name; owners that are not there would be errors.
      new_bin=$old_bin on old "$home" pg_restore --create --exit-on-error --no-owner --no-privileges --dbname="$home" "$data" ||
        die "$data cannot be loaded into PostgreSQL $old_name"
      ;;
  esac
}
