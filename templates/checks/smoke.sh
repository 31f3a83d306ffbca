# shellcheck shell=bash
# One PostgreSQL with all its extensions: each is created and dropped alone, then all are created together,
# then the repository's own tests are run. The report goes to $out.
set -euo pipefail

# shellcheck source=/dev/null
source "$PGFLAKEGEN_CATALOGUE_SH"
# shellcheck source=/dev/null
source "$PGFLAKEGEN_CLUSTER_SH"

work=$(mktemp -d)
export PGHOST=$work PGPORT=5432 PGDATABASE=postgres
PGUSER=$(query .superuser)
export PGUSER

init_cluster "$work/data" "$PGFLAKEGEN_NAME" "$PGFLAKEGEN_BIN" --no-sync >&2
start_private "$PGFLAKEGEN_BIN" "$work/data" "$work" 5432 "$work/log" -c fsync=off
trap 'stop_cluster "$PGFLAKEGEN_BIN" "$work/data"' EXIT
export PATH=$PGFLAKEGEN_BIN/bin:$PATH

sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

section() {
  printf '\n== %s\n' "$*"
}

headers() { # FILE KEY: the values of `-- KEY: a, b`, one a line
  sed -n -E "1,20s/^-- *$2: *//p" "$1" | tr ',' '\n' | sed -E 's/^ +| +$//g' | sed '/^$/d'
}

# Why a smoke file cannot be run here, or nothing.
skip_reason() { # FILE
  local major wanted
  major=$(query '.postgresqls[$name].major' --arg name "$PGFLAKEGEN_NAME")
  while read -r wanted; do
    case $wanted in
      '>='*) ((major >= ${wanted#>=})) || printf 'needs PostgreSQL %s; ' "$wanted" ;;
      '<='*) ((major <= ${wanted#<=})) || printf 'needs PostgreSQL %s; ' "$wanted" ;;
      '>'*) ((major > ${wanted#>})) || printf 'needs PostgreSQL %s; ' "$wanted" ;;
      '<'*) ((major < ${wanted#<})) || printf 'needs PostgreSQL %s; ' "$wanted" ;;
    esac
  done < <(headers "$1" postgresql | grep '^[<>]')
  if headers "$1" postgresql | grep -q '^[^<>]' &&
    ! headers "$1" postgresql | grep -q -x -e "$PGFLAKEGEN_NAME" -e "$major"; then
    printf 'needs PostgreSQL %s; ' "$(headers "$1" postgresql | grep '^[^<>]' | paste -sd' ')"
  fi
  while read -r wanted; do
    if [[ $(sql --set=name="$wanted" <<<"select exists (select from pg_available_extensions where name = :'name')") != t ]]; then
      printf 'needs the extension %s; ' "$wanted"
    fi
  done < <(headers "$1" extensions)
}

prove() { # FILE…
  pg_prove --psql-bin "$PGFLAKEGEN_BIN/bin/psql" --ext .sql --verbose --failures --comments "$@"
}

mkdir "$work/generated" "$work/smoke"
declare -A covered
for file in "$PGFLAKEGEN_SMOKE"/*.sql; do
  [[ -e $file ]] || continue
  reason=$(skip_reason "$file")
  if [[ -n $reason ]]; then
    printf '\\echo 1..0 # SKIP %s\n' "${reason%; }" >"$work/smoke/${file##*/}"
    continue
  fi
  cp "$file" "$work/smoke/"
  while read -r extension; do
    covered[$extension]=1
  done < <(headers "$file" extensions)
done

create='.postgresqls[$name].create[]'
while IFS=$'\t' read -r extension version; do
  if [[ -z ${covered[$extension]-} ]]; then
    printf "\\\\set extension '%s'\n\\\\set version '%s'\n\\\\ir %s\n" "$extension" "$version" \
      "$PGFLAKEGEN_EXTENSION_TEST" >"$work/generated/$extension.sql"
  fi
done < <(query "$create | [.sql, .version // \"\"] | @tsv" --arg name "$PGFLAKEGEN_NAME")

{
  section "$(postgres --version), preloaded: $(sql --command='show shared_preload_libraries')"

  section "each extension without a smoke file, alone"
  if compgen -G "$work/generated/*.sql" >/dev/null; then
    (cd "$work/generated" && prove ./*.sql)
  fi

  section "all extensions together"
  sql --file="$PGFLAKEGEN_PRIME"
  sql --command="select extname || ' ' || extversion from pg_extension order by extname"
  wanted=$(query "$create | .sql + \" \" + (.version // \"\")" --arg name "$PGFLAKEGEN_NAME")
  while read -r extension version; do
    there=$(sql --set=name="$extension" <<<"select extversion from pg_extension where extname = :'name'")
    if [[ -z $there || (-n $version && $there != "$version") ]]; then
      printf 'the catalogue has %s %s, the server has %s\n' "$extension" "$version" "${there:-none}"
      exit 1
    fi
  done < <(sed '/^$/d' <<<"$wanted")

  section "the repository's smoke tests"
  if compgen -G "$work/smoke/*.sql" >/dev/null; then
    sql --command='create extension if not exists pgtap' 2>/dev/null
    (cd "$work/smoke" && prove ./*.sql)
  else
    printf 'there are none: tests/smoke has no file\n'
  fi
} 2>&1 | tee "$work/report" >&2
sed "s|$work|.|g" "$work/report" >"${out:?}"
