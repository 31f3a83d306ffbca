# shellcheck shell=bash disable=SC2154
# The last part of migration-test: what was before and after, side by side.

step "comparison"
declare -A newest old_values new_values
while IFS=$'\t' read -r extension version; do
  newest[$extension]=$version
done < <(sql new postgres --field-separator=$'\t' --command="select name, default_version from pg_available_extensions")
things=()
while IFS=$'\t' read -r kind thing value; do
  old_values[$kind$'\t'$thing]=$value
  things+=("$kind"$'\t'"$thing")
done <"$work/old.fingerprint"
while IFS=$'\t' read -r kind thing value; do
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
    extension=${key#*.}
    if [[ $before == "$after" ]]; then
      result=same
    elif [[ $key == extension$'\t'* && $after == "${newest[$extension]-}" && $before != "(not there)" ]]; then
      result=updated
    else
      result=DIFFERENT
      different+=("$key")
    fi
    printf '%s\t%s\t%s\t%s\n' "$key" "$before" "$after" "$result"
  done
} >"$work/table"
awk -F '\t' '
  { for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } }
  END { for (r = 1; r <= NR; r++) printf "%-*s  %-*s  %-*s  %-*s  %s\n", width[1], cell[r, 1],
          width[2], cell[r, 2], width[3], cell[r, 3], width[4], cell[r, 4], cell[r, 5] }' "$work/table"

rows() { # old|new KEY: the rows of a table, sorted
  local name=${2#*$'\t'} database schema table
  database=${name%%.*} name=${name#*.}
  schema=${name%%.*} table=${name#*.}
  sql "$1" "$database" --set=schema="$schema" --set=table="$table" <<'SQL' 2>/dev/null || true
set timezone = 'UTC';
select format('select t::text from only %I.%I as t order by 1', :'schema', :'table') \gexec
SQL
}

if ((${#different[@]} == 0)); then
  printf '\n%s: %s things compared, nothing differs.\n' "$method" "${#things[@]}"
  exit 0
fi
printf '\n%s: %s of %s things differ. The first differences (- old, + new):\n' "$method" "${#different[@]}" "${#things[@]}"
if [[ $method == pg_upgrade && " ${different[*]}" == *" table"* ]]; then
  start old
fi
for key in "${different[@]:0:10}"; do
  printf '\n%s\n' "${key/$'\t'/ }"
  thing=${key#*$'\t'}
  case $key in
    table$'\t'*) diff --unified=0 <(rows old "$key") <(rows new "$key") | sed -n -e '/^@@/d' -e '4,13p' || true ;;
    schema$'\t'*) diff --unified=1 "$work/old.schema/$thing" "$work/new.schema/$thing" | sed -n '3,22p' || true ;;
    *) printf -- '-%s\n+%s\n' "${old_values[$key]-(not there)}" "${new_values[$key]-(not there)}" ;;
  esac
done
exit 1
