# shellcheck shell=bash disable=SC2154
# Settings, rules and whatever else is in the data directory besides data: they go with it.

# Copies them to $work/settings, in the form that NEW takes; what it does not take is said.
gather_settings() {
  local file
  mkdir -m 700 "$work/settings"
  find "$datadir" -mindepth 1 -maxdepth 1 -printf '%f\0' >"$work/files"
  while IFS= read -r -d '' file; do
    case $file in
      postgresql.conf | postgresql.auto.conf | pg_hba.conf | pg_ident.conf)
        # A link would be another one's from here.
        cp --dereference --preserve=mode,timestamps -- "$datadir/$file" "$work/settings/"
        ;;
      "$conf_file") write_conf "$work/settings" "$new_entry" "$new_bin" ;;
      # What PostgreSQL has there, and what is about the old cluster.
      base | global | PG_VERSION | pg_* | postmaster.* | current_logfiles* | backup_* | tablespace_map* | *.signal | log | \
        *.old | *.tmp | "$record" | lost+found) ;;
      # Certificates, included files, the password that start-server keeps.
      *) cp --archive -- "$datadir/$file" "$work/settings/" ;;
    esac
  done <"$work/files"
  if [[ ! -e $work/settings/postgresql.conf ]]; then
    note "$datadir has no postgresql.conf (Debian has it in /etc): the new one's is as initdb makes it"
    cp "$work/new/postgresql.conf" "$work/settings/"
  fi
  disable_unknown
  try_settings
}

# Comments out what NEW does not know.
disable_unknown() {
  local line file number setting found
  while ! LC_ALL=C "$new_bin/bin/postgres" -D "$work/settings" -C config_file >/dev/null 2>"$work/settings.log"; do
    found=''
    while IFS= read -r line; do
      if [[ $line =~ 'unrecognized configuration parameter "'([^\"]+)'" in file "'(.+)'" line '([0-9]+)$ ]]; then
        setting=${BASH_REMATCH[1]} file=${BASH_REMATCH[2]} number=${BASH_REMATCH[3]}
        file=$(realpath -- "$file")
        if [[ $file == "$work/settings/"* ]]; then
          sed -i "${number}s/^/# not in PostgreSQL $new_major: /" "$file"
          obstacles+=(note "${file##*/} line $number" "PostgreSQL $new_name does not know the setting $setting" "it is a comment in the new one")
          found=1
        fi
      fi
    done <"$work/settings.log"
    if [[ -z $found ]]; then
      refuse_settings "$work/settings.log"
      return
    fi
  done
}

refuse_settings() { # LOG
  tail -n 10 "$1" | printable_lines >&2
  obstacles+=(stops "$datadir" "PostgreSQL $new_name does not start with its settings; its words stand above" \
    "change them in $datadir/postgresql.conf so that both take them, and begin anew")
}

# An empty NEW starts with them, and touches nothing of others: no archive, no file elsewhere.
try_settings() {
  cp --archive -- "$work/new" "$work/tried"
  cp --archive -- "$work/settings/." "$work/tried/"
  running+=("$new_bin=$work/tried")
  if (start_private "$new_bin" "$work/tried" "$sockets/new-socket" 5432 "$work/tried.log" -c "data_directory=$work/tried" \
    -c archive_mode=off -c external_pid_file= -c logging_collector=off 8<&-) >/dev/null 2>&1; then
    stop_cluster "$new_bin" "$work/tried"
  else
    refuse_settings "$work/tried.log"
  fi
  unset 'running[-1]'
  rm -rf -- "$work/tried"
}

# Into the new cluster, when all else is done.
carry_settings() {
  rm -f -- "$work/new/$conf_file"
  cp --archive -- "$work/settings/." "$work/new/"
  chmod --reference="$datadir" -- "$work/new"
}
