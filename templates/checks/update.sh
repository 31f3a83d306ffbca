# shellcheck shell=bash
# Every version of an extension to every newer one: created with the older and used, then updated by the server that
# has the newer, on the same data directory, and compared with one that was created so. The report goes to $out.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../tools/catalogue.sh
source "${PGFLAKEGEN_CATALOGUE_SH:?}"
# shellcheck source-path=SCRIPTDIR source=../tools/cluster.sh
source "${PGFLAKEGEN_CLUSTER_SH:?}"
# shellcheck source-path=SCRIPTDIR source=updated.sh
source "${PGFLAKEGEN_UPDATED_SH:?}"

work=$(mktemp -d)
updates=${PGFLAKEGEN_UPDATESPath:?} name=${PGFLAKEGEN_NAME:?}
running=''
trap '[[ -z $running ]] || stop_cluster "$running" "$work/data"' EXIT

sql_in() { # DATABASE [psql arguments]
  "$running/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host="$work" --port=5432 --username="$superuser" --dbname="$1" "${@:2}"
}

sql() { # [psql arguments]
  sql_in postgres "$@"
}

serve() { # BIN: the server on the data directory is this one from now on
  if [[ $running == "$1" ]]; then return 0; fi
  if [[ -n $running ]]; then
    stop_cluster "$running" "$work/data"
    running=''
  fi
  write_conf "$work/data" "$name" "$1"
  start_private "$1" "$work/data" "$work" 5432 "$work/log" -c fsync=off
  running=$1
}

# Some extensions can be in this database only, as what their library is preloaded for.
create() { # SQL-NAME
  sql_in template1 <<<'drop database postgres with (force);'
  sql_in template1 <<<'create database postgres template template0;'
  sql --set=name="$1" <<<'create extension :"name" cascade;'
}

version_of() { # SQL-NAME
  sql --set=name="$1" <<<"select extversion from pg_extension where extname = :'name'"
}

# What tables and views have that belong to no extension: the data that use it.
rows() { # FILE
  sql >"$1" <<'SQL'
select format('select %L, count(*), md5(string_agg(t::text, '' '' order by t::text)) from %s as t', c.oid::regclass, c.oid::regclass)
from pg_class as c
where c.relkind in ('r', 'v', 'm') and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  and not exists (select from pg_depend where classid = 'pg_class'::regclass and objid = c.oid and deptype = 'e')
order by c.oid::regclass::text
\gexec
SQL
}

# How an extension is that is created in the newest of these versions, for `compare`; once for each.
create_anew() { # SQL-NAME SQL-VERSION
  if [[ -e $work/definitions-$1-$2 ]]; then return 0; fi
  create "$1"
  use "$1" "$work/use-$1-$2"
  definitions "$1" "$work/definitions-$1-$2"
}

pair() { # SQL-NAME OLD-VERSION NEW-VERSION; with old_sql, old_bin, new_sql and new_bin
  local what="$1 $2 to $3" before after path any
  serve "$old_bin"
  create "$1"
  before=$(version_of "$1")
  if [[ $before != "$old_sql" ]]; then
    printf 'not ok: %s %s is created as %s; the catalogue says %s\n' "$1" "$2" "$before" "$old_sql"
  fi
  if [[ -n ${PGFLAKEGEN_DATA-} ]] && ! sql --file="$PGFLAKEGEN_DATA" >/dev/null 2>"$work/error"; then
    printf 'not ok: %s: tests/updates has data that cannot be made: %s\n' "$what" "$(<"$work/error")"
    return 0
  fi
  rows "$work/rows"
  serve "$new_bin"
  path=$(sql --set=name="$1" --set=old="$before" --set=new="$new_sql" \
    <<<"select path from pg_extension_update_paths(:'name') where source = :'old' and target = :'new'")
  any=$(sql --set=name="$1" --set=new="$new_sql" \
    <<<"select exists (select from pg_extension_update_paths(:'name') where target = :'new' and path is not null)")
  if [[ $before != "$new_sql" && -z $path ]]; then
    if [[ $any == t ]]; then
      printf 'not ok: %s: there are update scripts, but no path from %s to %s\n' "$what" "$before" "$new_sql"
    else
      printf 'skipped: %s: upstream has no update scripts to %s\n' "$what" "$new_sql"
    fi
    return 0
  fi
  # The first command of its session: some extensions insist on that.
  if [[ $before != "$new_sql" ]] &&
    ! sql --set=name="$1" --set=new="$new_sql" <<<"alter extension :\"name\" update to :'new';" 2>"$work/error"; then
    printf 'not ok: %s: %s\n' "$what" "$(<"$work/error")"
    return 0
  fi
  after=$(version_of "$1")
  if [[ $after != "$new_sql" ]]; then
    printf 'not ok: %s ends as %s\n' "$what" "$after"
    return 0
  fi
  # A library that lost a function keeps the server from calling it, not from starting.
  if ! { rows "$work/rows-after" && use "$1" "$work/use"; } 2>"$work/error"; then
    printf 'not ok: %s: it cannot be used: %s\n' "$what" "$(<"$work/error")"
    return 0
  fi
  if ! diff --unified=0 "$work/rows" "$work/rows-after" >"$work/difference"; then
    printf 'not ok: %s: the data that use it are others (table or view | rows | checksum)\n' "$what"
    sed -n '/^[-+][^-+]/p' "$work/difference"
    return 0
  fi
  definitions "$1" "$work/definitions"
  create_anew "$1" "$new_sql"
  if [[ $before == "$new_sql" ]]; then
    printf 'ok: %s: both are %s in SQL\n' "$what" "$before"
  elif compare "$1" "$before" "$new_sql"; then
    if diff --unified=0 "$work/use-$1-$new_sql" "$work/use" >"$work/difference"; then
      printf 'ok: %s (%s)\n' "$what" "$path"
    else
      printf 'not ok: %s: its tests say something else than of one that was created as %s\n' "$what" "$new_sql"
      cat "$work/difference"
    fi
  fi
}

jq -r '.sql[]' "$updates" >"$work/extensions"
jq -r '.versions[] | [.version, .sqlVersion, .bin] | @tsv' "$updates" >"$work/versions"
mapfile -t extensions <"$work/extensions"
mapfile -t versions <"$work/versions"
init_cluster "$work/data" "$name" "${versions[0]##*$'\t'}" --no-sync >&2

{
  for ((old = 0; old < ${#versions[@]}; old++)); do
    IFS=$'\t' read -r old_version old_sql old_bin <<<"${versions[old]}"
    for ((new = old + 1; new < ${#versions[@]}; new++)); do
      IFS=$'\t' read -r new_version new_sql new_bin <<<"${versions[new]}"
      for extension in "${extensions[@]}"; do
        pair "$extension" "$old_version" "$new_version"
      done
    done
  done
} 2>&1 | tee "$work/report" >&2
if grep -q '^not ok' "$work/report"; then
  exit 1
fi
cp "$work/report" "${out:?}"
