# shellcheck shell=bash disable=SC2154
# Data of one's own as OLD's, for migration-test: nothing of them is changed, and all work is on a copy.

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
        start=$(head -c 5 "$data" | tr -d '\0')
        if [[ $start == PGDMP ]]; then source_kind=archive; else source_kind=sql; fi
      else
        die "--data is $data, which is no data directory, no dump that can be read, and no postgresql://…"
      fi
      ;;
  esac
}

# A cluster is copied twice by pg_upgrade, once and as a dump by the other methods.
check_space() {
  local needed free
  needed=$(du --summarize --block-size=1M "$data" | cut -f1)
  free=$(df --output=avail --block-size=1M "$work" | tail -n 1)
  note "$data has $needed MiB; the test wants up to $((2 * needed)) MiB in $work, where $((free)) MiB are free"
  if ((2 * needed > free)); then
    die "that is too little"
  fi
}

# The cluster as OLD's, with settings of the catalogue and nobody let in but over our socket.
copy_cluster() {
  local version elsewhere pid=''
  version=$(<"$data/PG_VERSION")
  if [[ $version != "$old_major" ]]; then
    make_printable version
    die "$data is of PostgreSQL $version, and OLD is of PostgreSQL $old_major"
  fi
  { read -r pid <"$data/postmaster.pid"; } 2>/dev/null || true
  if [[ $pid =~ ^[0-9]+$ ]] && kill -0 "$pid" 2>/dev/null; then
    die "a server (process $pid) runs on $data: stop it, or give its postgresql://… as --data"
  fi
  elsewhere=$(find "$data/pg_tblspc" -mindepth 1 -type l -print -quit)
  if [[ -n $elsewhere || -L $data/pg_wal ]]; then
    die "$data has parts in other places (tablespaces, or the write-ahead log), which a copy would share with it. Give a
  dump as --data, or the postgresql://… of its server"
  fi
  check_space
  # Whatever is shared with the original is shared only until it is written to.
  cp --archive --reflink=auto "$data" "$work/old" || die "$data cannot be copied"
  chmod -R u+rwX,go-rwx "$work/old"
  rm -f "$work/old"/{postmaster.pid,postgresql.auto.conf,standby.signal,recovery.signal}
  write_conf "$work/old" "$old_name" "$old_bin"
  printf "include_if_exists '%s'\n" "$conf_file" >"$work/old/postgresql.conf"
  printf 'local all all trust\n' >"$work/old/pg_hba.conf"
  : >"$work/old/pg_ident.conf"
}

# By OLD's own programs: what newer ones write, it does not take.
load_dump() {
  case $source_kind in
    server)
      step "a dump of the server"
      "$old_bin/bin/pg_dumpall" --no-password --dbname="$data" >"$work/own.sql" || die "the server cannot be dumped"
      without_superuser <"$work/own.sql" | sql old postgres >"$work/own.log" || die "its dump cannot be loaded into PostgreSQL $old_name"
      ;;
    sql) without_superuser <"$data" | sql old postgres >"$work/own.log" || die "$data cannot be loaded into PostgreSQL $old_name" ;;
    *)
      new_bin=$old_bin on old postgres pg_restore --list "$data" >/dev/null || die "$data is no dump that pg_restore knows"
      # Into a database of its own name; owners that are not there would be errors.
      new_bin=$old_bin on old postgres pg_restore --create --exit-on-error --no-owner --no-privileges --dbname=postgres "$data" ||
        die "$data cannot be loaded into PostgreSQL $old_name"
      ;;
  esac
}

# What keeps every method from its end, before anything is tried.
check_extensions() {
  local database databases missing='' found
  list_databases old
  for database in "${databases[@]}"; do
    sql old "$database" --command="select extname from pg_extension" | LC_ALL=C sort >"$work/installed"
    found=$(LC_ALL=C comm -23 "$work/installed" "$work/new.available")
    if [[ -n $found ]]; then
      found=${found//$'\n'/, }
      make_printable database found
      missing+="${missing:+; }$found in the database $database"
    fi
  done
  if [[ -n $missing ]]; then
    die "PostgreSQL $new_name does not have these extensions: $missing. Add them to the catalogue, or drop them first"
  fi
}
