# shellcheck shell=bash disable=SC2154
# Upgrades the newest older cluster to this machine's PostgreSQL, when that has none yet. As PostgreSQL's account.
#
# The old one is read only to be copied, and stays: after a power cut it begins anew. The new one gets its name when
# it is complete; until then nobody has written to it, so that the same holds where files are linked. FROM: the
# PostgreSQLs of the catalogue whose programs are here.

select_build
datadir=$clusters/$major unfinished=$clusters/.upgrade-$major
if [[ -e $datadir/PG_VERSION ]]; then
  exit 0
fi

# Sets old_major, old_datadir to the newest older cluster.
find_old() {
  local folder version
  old_major=''
  for folder in "$clusters"/*/; do
    if [[ ! -f $folder/PG_VERSION ]]; then
      continue
    fi
    version=$(<"$folder/PG_VERSION")
    if [[ ! $version =~ ^[1-9][0-9]*$ ]]; then
      continue
    fi
    if ((version > major)); then
      die "${folder%/} is of PostgreSQL $version, and this machine has $major: there is no way back. Start an image of $version"
    fi
    if [[ -z $old_major ]] || ((version > old_major)); then
      old_major=$version old_datadir=${folder%/}
    fi
  done
}

find_old
if [[ -z $old_major ]]; then
  exit 0
fi

old_name='' old_bin=''
read -r -a from <<<"${PGFLAKEGEN_UPGRADE_FROM:-}"
for candidate in "${from[@]}"; do
  its=$(query '.postgresqls[$name].major' --arg name "$candidate")
  if [[ $its == "$old_major" ]]; then
    old_name=$candidate
    old_bin=$(query '.postgresqls[$name].bin' --arg name "$candidate")
  fi
done
if [[ -z $old_bin ]]; then
  die "$old_datadir is of PostgreSQL $old_major, whose programs this machine does not have. Nothing was changed. Name the
  PostgreSQL that has made it in upgrade.from, or start an image of $old_major"
fi
elsewhere=$(find "$old_datadir/pg_tblspc" -mindepth 1 -print -quit)
if [[ -n $elsewhere || -L $old_datadir/pg_wal ]]; then
  die "$old_datadir has parts in other places (tablespaces, or the write-ahead log): such a cluster is upgraded by hand"
fi
# Before it links files, pg_upgrade takes away by which the old cluster starts. Only what an unfinished upgrade has left can
# be given back: a cluster that had its name has been written to since.
control=$old_datadir/global/pg_control
if [[ -e $control.old && ! -e $control ]]; then
  if [[ ! -d $unfinished ]]; then
    die "$old_datadir has given its files to a cluster of PostgreSQL $major, which is not there: it cannot be started any more.
  Restore a backup"
  fi
  note "an upgrade has not come to its end: back to $old_datadir"
  mv "$control.old" "$control"
  sync --file-system "$clusters"
fi
needed=$(du --summarize --block-size=1M "$old_datadir" | cut -f1)
free=$(df --output=avail --block-size=1M "$clusters" | tail -n 1)
mode=${PGFLAKEGEN_UPGRADE_MODE:-copy}
if [[ $mode == copy ]] && ((needed + 256 > free)); then
  die "the upgrade copies $needed MiB, and $((free)) MiB are free on $clusters. Enlarge the volume and start again"
fi

note "upgrading $old_datadir from PostgreSQL $old_name to $name"
work=$(mktemp -d "${RUNTIME_DIRECTORY:-/tmp}/upgrade.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work"/{old-conf,new-conf}
ln -s "$old_datadir" "$work/old"
rm -rf "$unfinished"

# Settings and rules of our own for both: those of the old cluster may be in a store that is not here.
printf 'local all all peer\n' >"$work/hba"
: >"$work/ident"
files="-c hba_file=$work/hba -c ident_file=$work/ident"
write_conf "$work/old-conf" "$old_name" "$old_bin"
write_conf "$work/new-conf" "$name" "$bin"
old_files="-c config_file=$work/old-conf/$conf_file $files"
new_files="-c config_file=$work/new-conf/$conf_file $files"

# A cluster whose machine lost its power has to recover first; and it says what the new one must be like.
read -r -a words <<<"$old_files"
start_private "$old_bin" "$old_datadir" "$work" 5432 "$work/old.log" "${words[@]}"
like=$("$old_bin/bin/psql" --no-psqlrc --tuples-only --no-align --host="$work" --username="$superuser" --dbname=postgres \
  --command="select format('--encoding=%s --lc-collate=%s --lc-ctype=%s', pg_encoding_to_char(encoding), datcollate, datctype)
             from pg_database where datname = 'template0'")
stop_cluster "$old_bin" "$old_datadir"

new_major=$major
new_options
read -r -a words <<<"$like"
init_cluster "$unfinished" "$name" "$bin" "${options[@]}" "${words[@]}"
# Whoever edited these has meant it.
write_files "$unfinished"
if [[ -e $old_datadir/$conf_file ]]; then
  cp "$old_datadir"/pg_{hba,ident}.conf "$unfinished"
fi

upgrade=("$bin/bin/pg_upgrade" --old-bindir="$old_bin/bin" --new-bindir="$bin/bin" --old-datadir="$old_datadir"
  --new-datadir="$unfinished" --username="$superuser" --socketdir="$work" --old-options="$old_files" --new-options="$new_files")
if [[ $mode == link ]]; then
  upgrade+=(--link)
fi
cd "$work"
if ! "${upgrade[@]}" --check >&2; then
  die "the upgrade is not possible, and nothing was changed; what stands above says why"
fi
if ! "${upgrade[@]}" >&2; then
  find "$unfinished/pg_upgrade_output.d" -type f -size +0 -name '*.log' -exec tail -n 20 {} + >&2 || true
  die "the upgrade failed; nothing of $old_datadir is lost, and the next start begins anew"
fi
touch "$unfinished/.pgflakegen-upgraded"
sync --file-system "$clusters"
mv "$unfinished" "$datadir"
# What is committed from now on must not be found under a name that means nothing.
sync "$clusters"
note "$datadir is upgraded; $old_datadir can be removed when nobody wants it back"
