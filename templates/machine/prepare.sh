# shellcheck shell=bash disable=SC2154
# Makes the cluster where there is none, and writes the catalogue's settings anew. As PostgreSQL's account.

select_build
datadir=$clusters/$major
if [[ ! -e $datadir/PG_VERSION ]]; then
  if [[ -d $datadir ]] && ! rmdir "$datadir" 2>/dev/null; then
    die "$datadir is not empty, and is no data directory of PostgreSQL. Nothing was changed"
  fi
  # Complete, or not there: a machine may lose its power at any moment.
  unfinished=$clusters/.new-$major
  rm -rf "$unfinished"
  init_cluster "$unfinished" "$name" "$bin" --data-checksums
  write_files "$unfinished"
  sync --file-system "$clusters"
  mv "$unfinished" "$datadir"
  sync "$clusters"
  note "$datadir is a new cluster of PostgreSQL $name"
elif [[ ! -e $datadir/$conf_file ]]; then
  write_files "$datadir"
fi
write_conf "$datadir" "$name" "$bin"
