# shellcheck shell=bash disable=SC2154
# What will stop an upgrade, found before anything is tried.

# Each is "LEVEL", "stops" or "note"; where; what; and what to do.
obstacles=()

add_obstacle() { # METHODS WHERE WHAT TODO
  case $1 in
    '*' | "$way") obstacles+=(stops "$2" "$3" "$4") ;;
    '[*]' | "[$way]") obstacles+=(note "$2" "$3" "$4") ;;
    *) ;;
  esac
}

# With line breaks and what acts on a terminal made visible.
print_obstacles() {
  local at level where what todo
  for ((at = 0; at < ${#obstacles[@]}; at += 4)); do
    level=${obstacles[at]} where=${obstacles[at + 1]} what=${obstacles[at + 2]} todo=${obstacles[at + 3]}
    make_printable where what todo
    if [[ $level == stops ]]; then level="stops $method"; fi
    printf '%s: in %s: %s\n    %s\n' "$level" "$where" "$what" "$todo"
  done
}

find_obstacles() {
  local database databases concerned what todo extension version reaches
  sql new "$home" --field-separator-zero --record-separator-zero >"$work/reached" \
    --command="select e.name, p.source from pg_available_extensions as e, pg_extension_update_paths(e.name) as p
               where p.target = e.default_version and p.path is not null
               union all select name, default_version from pg_available_extensions"
  declare -A reaches=() offered=()
  while IFS= read -r -d '' extension && IFS= read -r -d '' version; do
    reaches[$extension$'\t'$version]=1 offered[$extension]=1
  done <"$work/reached"
  list_databases old
  for database in "${databases[@]}"; do
    sql old "$database" --field-separator-zero --record-separator-zero >"$work/installed" \
      --command="select extname, extversion from pg_extension order by 1"
    while IFS= read -r -d '' extension && IFS= read -r -d '' version; do
      if [[ -z ${offered[$extension]-} ]]; then
        add_obstacle '*' "$database" "PostgreSQL $new_name does not have the extension $extension" "add it to the catalogue, or drop it first"
      elif [[ -z ${reaches[$extension$'\t'$version]-} ]]; then
        # Dumps make extensions anew, in the version that there is.
        add_obstacle pg_upgrade "$database" "PostgreSQL $new_name has no way to update the extension $extension from its version $version" \
          "update it in $old_name first, as far as it goes, or take pg_dumpall"
      fi
    done <"$work/installed"
    sql old "$database" --set=old_major="$old_major" --set=new_major="$new_major" --set=superuser="$superuser" --set=home="$home" \
      --file="$PGFLAKEGEN_OBSTACLES" >"$work/found"
    while IFS= read -r -d '' concerned && IFS= read -r -d '' what && IFS= read -r -d '' todo; do
      add_obstacle "$concerned" "$database" "$what" "$todo"
    done <"$work/found"
  done
}

# Ends the program when something stops the method, and with --check always.
look_ahead() {
  local stops=0 at
  step "what stops $method"
  find_obstacles
  for ((at = 0; at < ${#obstacles[@]}; at += 4)); do
    if [[ ${obstacles[at]} == stops ]]; then stops=$((stops + 1)); fi
  done
  if [[ -n $only_check ]]; then
    print_obstacles
    printf '%s from PostgreSQL %s to %s: %s in the way\n' "$method" "$old_name" "$new_name" "$stops"
    write_reports checked
    verdict=1
    exit "$((stops > 0))"
  fi
  print_obstacles >&2
  if ((stops > 0)); then
    write_reports stopped
    die "$stops in the way of $method; what to type stands above. Nothing was tried"
  fi
}
