# shellcheck shell=bash disable=SC2154
# The last part of migration-test: what was before and after, side by side.

step "comparison"
declare -A newest=() old_values=() new_values=()
sql new postgres --field-separator-zero --record-separator-zero \
  --command="select name, default_version from pg_available_extensions" >"$work/newest"
while IFS= read -r -d '' extension && IFS= read -r -d '' version; do
  newest[$extension]=$version
done <"$work/newest"
# Names can have anything in them: what ends kind and name is a character that PostgreSQL's kinds do not have.
things=()
while IFS= read -r -d '' kind && IFS= read -r -d '' thing && IFS= read -r -d '' value; do
  old_values[$kind$'\t'$thing]=$value
  things+=("$kind"$'\t'"$thing")
done <"$work/old.fingerprint"
while IFS= read -r -d '' kind && IFS= read -r -d '' thing && IFS= read -r -d '' value; do
  if [[ -z ${old_values[$kind$'\t'$thing]+there} ]]; then
    things+=("$kind"$'\t'"$thing")
  fi
  new_values[$kind$'\t'$thing]=$value
done <"$work/new.fingerprint"
if ((${#things[@]} == 0)); then
  die "there is nothing to compare: no data was loaded"
fi

different=()
{
  printf 'KIND\tNAME\tOLD %s\tNEW %s\tRESULT\n' "$old_name" "$new_name"
  for key in "${things[@]}"; do
    before=${old_values[$key]-(not there)} after=${new_values[$key]-(not there)}
    extension=${key##*.}
    if [[ $before == "$after" ]]; then
      result=same
    elif [[ $key == extension$'\t'* && $after == "${newest[$extension]-}" && $before != "(not there)" ]]; then
      result=updated
    else
      result=DIFFERENT
      different+=("$key")
    fi
    kind=${key%%$'\t'*} thing=${key#*$'\t'}
    make_printable thing before after
    printf '%s\t%s\t%s\t%s\t%s\n' "$kind" "$thing" "$before" "$after" "$result"
  done
} >"$work/table"
awk -F '\t' '
  { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
  END { for (r = 1; r <= NR; r++) printf "%-*s  %-*s  %-*s  %-*s  %s\n", width[1], cell[r, 1],
          width[2], cell[r, 2], width[3], cell[r, 3], width[4], cell[r, 4], cell[r, 5] }' "$work/table"

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

verdict=1
if ((${#different[@]} == 0)); then
  printf '\n%s: %s things compared, nothing differs.\n' "$method" "${#things[@]}"
  exit 0
fi
printf '\n%s: %s of %s things differ. The first differences (- old, + new):\n' "$method" "${#different[@]}" "${#things[@]}"
if [[ $method == pg_upgrade && " ${different[*]}" == *" table"* ]]; then
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
      changes=$(diff --unified=1 "$work/old.schema/$file" "$work/new.schema/$file" | sed -n '3,22p' | printable_lines) || true
      ;;
    *)
      make_printable before after
      changes=-$before$'\n'+$after
      ;;
  esac
  make_printable thing
  printf '\n%s %s\n%s\n' "$kind" "$thing" "$changes"
done
exit 1
