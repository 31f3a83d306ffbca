# shellcheck shell=bash disable=SC2154
# What was before and after, side by side.

declare -A newest=() newest_comment=() oldest_comment=()

# What extensions are in NEW by default, and what both servers say of them.
read_offered() {
  local extension version comment
  sql new "$home" --field-separator-zero --record-separator-zero \
    --command="select name, default_version, coalesce(comment, '(none)') from pg_available_extensions" >"$work/offered"
  while IFS= read -r -d '' extension && IFS= read -r -d '' version && IFS= read -r -d '' comment; do
    newest[$extension]=$version newest_comment[$extension]=$comment
  done <"$work/offered"
  while IFS= read -r -d '' extension && IFS= read -r -d '' comment; do
    oldest_comment[$extension]=$comment
  done <"$work/old.comments"
}

# Sets why to what keeps the method from carrying this, if something is known to.
find_why() { # KIND NAME BEFORE AFTER
  local before=$3 after=$4 gone='' dump='' owner
  why=''
  # As PostgreSQL writes a role.
  if [[ $superuser =~ ^[a-z_][a-z0-9_]*$ ]]; then owner=$superuser; else owner="\"${superuser//\"/\"\"}\""; fi
  if [[ $after == "(not there)" ]]; then gone=1; fi
  if [[ $way != pg_upgrade ]]; then dump=1; fi
  case $1 in
    'alter system') if [[ -n $gone ]]; then why="is in postgresql.auto.conf, which no method takes along: copy it"; fi ;;
    'extension owner')
      if [[ $after == "$owner" ]]; then why="no method has owners of extensions: they belong to who restores them"; fi
      ;;
    'extension members')
      if [[ -n $dump && $before == changed:* && $after == "as installed" ]]; then
        why="dumps have no changes to what belongs to an extension: make them again"
      fi
      ;;
    subscription)
      if [[ ${before/#enabled /disabled } == "$after" && ($old_major -lt 17 || -n $dump) ]]; then
        why="subscriptions come switched off: alter subscription … enable"
      fi
      ;;
    'replication slot')
      if [[ -n $gone && (-n $dump || $old_major -lt 17 || $before == physical*) ]]; then
        why="slots stay behind: make them anew before anything is changed"
      fi
      ;;
    settings)
      if [[ -n $gone && $2 == 'every database every role' ]]; then
        why="pg_dumpall, which pg_upgrade uses too, leaves out what is set for every role: alter role all set … anew"
      fi
      ;;
    'prepared transaction') if [[ -n $gone && -n $dump ]]; then why="commit or roll it back first"; fi ;;
    'invalid index') if [[ -n $gone ]]; then why="pg_dump, which pg_upgrade uses too, leaves out what is not valid: reindex it first, or drop it"; fi ;;
    'half detached') if [[ -n $gone ]]; then why="pg_dump, which pg_upgrade uses too, attaches it again: alter table … detach partition … finalize first"; fi ;;
    'in pg_catalog') if [[ -n $gone ]]; then why="pg_dump, which pg_upgrade uses too, leaves out what is in the system's schemas"; fi ;;
    'generated columns') if [[ -n $dump && -z $gone ]]; then why="are computed anew, and come out otherwise today"; fi ;;
    collation)
      if [[ -n $dump && $before == made\ with* && $after == "as the library has it" ]]; then
        why="is made anew, with the indexes"
      fi
      ;;
    database) if [[ -n $gone && -n $dump && $before == *" no connections "* ]]; then why="dumps leave out databases that cannot be connected to"; fi ;;
    *) ;;
  esac
}

# Sets things to all that is in either, old_values and new_values to what it is.
read_fingerprints() {
  local kind thing value
  old_values=() new_values=() things=()
  # Names can have anything in them: what ends kind and name is a character that PostgreSQL's kinds do not have.
  while IFS= read -r -d '' kind && IFS= read -r -d '' thing && IFS= read -r -d '' value; do
    old_values[$kind$'\t'$thing]=$value
    things+=("$kind"$'\t'"$thing")
  done <"$work/old.all"
  while IFS= read -r -d '' kind && IFS= read -r -d '' thing && IFS= read -r -d '' value; do
    if [[ -z ${old_values[$kind$'\t'$thing]+there} ]]; then
      things+=("$kind"$'\t'"$thing")
    fi
    new_values[$kind$'\t'$thing]=$value
  done <"$work/new.all"
}

declare -A old_values=() new_values=()
things=() different=() left=()

# Writes the table to $work/table, and sets different to the keys of what differs, left to what cannot be carried.
compare() {
  local key kind thing before after extension result why
  different=() left=()
  cp "$work/old.fingerprint" "$work/old.all"
  cp "$work/new.fingerprint" "$work/new.all"
  compare_definitions
  compare_members
  read_fingerprints
  : >"$work/compared.all"
  {
    printf 'KIND\tNAME\tOLD %s\tNEW %s\tRESULT\n' "$old_name" "$new_name"
    for key in "${things[@]}"; do
      before=${old_values[$key]-(not there)} after=${new_values[$key]-(not there)}
      kind=${key%%$'\t'*} thing=${key#*$'\t'} extension=${key##*.} why=''
      if [[ $before == "$after" ]]; then
        result=same
      elif [[ $kind == extension && $after == "${newest[$extension]-}" && $before != "(not there)" ]]; then
        result=updated
      elif [[ $kind == 'extension comment' && $after == "${newest_comment[$extension]-}" && $before == "${oldest_comment[$extension]-}" ]]; then
        result=updated
      else
        find_why "$kind" "$thing" "$before" "$after"
        if [[ -n $why ]]; then
          result='not carried'
          make_printable thing
          left+=("$kind $thing: $why")
        else
          result=DIFFERENT
          different+=("$key")
        fi
      fi
      printf '%s\0' "$kind" "${key#*$'\t'}" "$before" "$after" "${result,,}" "$why" >>"$work/compared.all"
      make_printable thing before after
      printf '%s\t%s\t%s\t%s\t%s\n' "$kind" "$thing" "$before" "$after" "$result"
    done
  } >"$work/table"
}

print_table() {
  awk -F '\t' '
    { for (i = 1; i <= NF; i++) { cell[NR, i] = length($i) > 60 ? substr($i, 1, 57) "..." : $i
        if (length(cell[NR, i]) > width[i]) width[i] = length(cell[NR, i]) } }
    END { for (r = 1; r <= NR; r++) printf "%-*s  %-*s  %-*s  %-*s  %s\n", width[1], cell[r, 1],
            width[2], cell[r, 2], width[3], cell[r, 3], width[4], cell[r, 4], cell[r, 5] }' "$work/table"
}

# The rows of a table, sorted. Its name is looked up, not taken apart: all parts of it can have dots.
rows() { # old|new KEY
  local wanted=${2#*$'\t'} database databases
  list_databases "$1"
  for database in "${databases[@]}"; do
    if [[ $wanted == "$database".* ]]; then
      sql "$1" "$database" --set=wanted="$wanted" <<'SQL' 2>/dev/null || true
set timezone = 'UTC';
select format('select t::text from only %I.%I as t order by 1', n.nspname, c.relname)
from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and current_database() || '.' || n.nspname || '.' || c.relname = :'wanted' \gexec
SQL
    fi
  done
}

# The first differences, with what changed.
print_differences() {
  local key kind thing before after changes
  if [[ $way == pg_upgrade && " ${different[*]}" == *" table"* ]]; then
    start old
    rename_back old
  fi
  for key in "${different[@]:0:10}"; do
    kind=${key%%$'\t'*} thing=${key#*$'\t'}
    before=${old_values[$key]-(not there)} after=${new_values[$key]-(not there)}
    case $kind in
      table)
        rows old "$key" >"$work/old.rows"
        rows new "$key" >"$work/new.rows"
        changes=$(diff --unified=0 "$work/old.rows" "$work/new.rows" | sed -n -e '/^@@/d' -e '4,13p' | printable_lines) || true
        ;;
      schema)
        file_of "$thing"
        changes=$(diff --unified=1 "$work/compared/old/$file" "$work/compared/new/$file" | sed -n '3,22p' | printable_lines) || true
        ;;
      *)
        make_printable before after
        changes=-$before$'\n'+$after
        ;;
    esac
    make_printable thing
    printf '\n%s %s\n%s\n' "$kind" "$thing" "$changes"
  done
}

# Ends the program when something differs.
report() {
  local line
  if ((${#things[@]} == 0)); then
    die "there is nothing to compare: no data was loaded"
  fi
  print_table
  printf '\n'
  print_measured
  print_not_updated
  if ((${#left[@]} > 0)); then
    printf '\n%s does not carry:\n' "$method"
    for line in "${left[@]}"; do
      printf '  %s\n' "$line"
    done
  fi
  verdict=1
  if ((${#different[@]} == 0)); then
    printf '\n%s: %s things compared, nothing differs.\n' "$method" "${#things[@]}"
    write_reports same
    return
  fi
  printf '\n%s: %s of %s things differ. The first differences (- old, + new):\n' "$method" "${#different[@]}" "${#things[@]}"
  print_differences >"$work/differences"
  cat "$work/differences"
  write_reports different
  exit 1
}
