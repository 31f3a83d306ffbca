# shellcheck shell=bash
# Every version of an extension to every newer one: created with the older, then updated by the server that
# has the newer, on the same data directory. The report goes to $out.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../tools/catalogue.sh
source "${PGFLAKEGEN_CATALOGUE_SH:?}"
# shellcheck source-path=SCRIPTDIR source=../tools/cluster.sh
source "${PGFLAKEGEN_CLUSTER_SH:?}"

work=$(mktemp -d)
updates=${PGFLAKEGEN_UPDATESPath:?} name=${PGFLAKEGEN_NAME:?}
running=''
trap '[[ -z $running ]] || stop_cluster "$running" "$work/data"' EXIT

sql() { # psql arguments
  "$running/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host="$work" --port=5432 --username="$superuser" --dbname=postgres "$@"
}

use() { # BIN: the server on the data directory is this one from now on
  if [[ -n $running ]]; then
    stop_cluster "$running" "$work/data"
    running=''
  fi
  write_conf "$work/data" "$name" "$1"
  start_private "$1" "$work/data" "$work" 5432 "$work/log" -c fsync=off
  running=$1
}

version_of() { # EXTENSION
  sql --set=name="$1" <<<"select extversion from pg_extension where extname = :'name'"
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
        use "$old_bin"
        sql --set=name="$extension" <<<'create extension :"name" cascade;'
        before=$(version_of "$extension")
        if [[ $before != "$old_sql" ]]; then
          printf 'not ok: %s %s is created as %s; the catalogue says %s\n' "$extension" "$old_version" "$before" "$old_sql"
        fi
        use "$new_bin"
        path=$(sql --set=name="$extension" --set=old="$before" --set=new="$new_sql" \
          <<<"select path from pg_extension_update_paths(:'name') where source = :'old' and target = :'new'")
        any=$(sql --set=name="$extension" --set=new="$new_sql" \
          <<<"select exists (select from pg_extension_update_paths(:'name') where target = :'new' and path is not null)")
        if [[ $before == "$new_sql" ]]; then
          printf 'ok: %s %s to %s: both are %s in SQL\n' "$extension" "$old_version" "$new_version" "$before"
        elif [[ -n $path ]]; then
          # The first command of its session: some extensions insist on that.
          sql --set=name="$extension" --set=new="$new_sql" <<<"alter extension :\"name\" update to :'new';"
          after=$(version_of "$extension")
          if [[ $after == "$new_sql" ]]; then
            printf 'ok: %s %s to %s (%s)\n' "$extension" "$old_version" "$new_version" "$path"
          else
            printf 'not ok: %s %s to %s ends as %s\n' "$extension" "$old_version" "$new_version" "$after"
            fi
        elif [[ $any == t ]]; then
          printf 'not ok: %s %s to %s: there are update scripts, but no path from %s to %s\n' "$extension" \
            "$old_version" "$new_version" "$before" "$new_sql"
        else
          printf 'skipped: %s %s to %s: upstream has no update scripts to %s\n' "$extension" "$old_version" "$new_version" "$new_sql"
        fi
        # A library that lost a function keeps the server from calling it, not from starting.
        sql --set=name="$extension" >/dev/null <<'SQL'
select fmgr_c_validator(p.oid)
from pg_proc as p
join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
join pg_language as l on l.oid = p.prolang
where l.lanname = 'c' and e.extname = :'name' and e.extversion = (select default_version from pg_available_extensions where name = e.extname);
select format('drop extension if exists %I cascade', extname) from pg_extension where extname <> 'plpgsql'
\gexec
SQL
      done
    done
  done
} 2>&1 | tee "$work/report" >&2
if grep -q '^not ok' "$work/report"; then
  exit 1
fi
cp "$work/report" "${out:?}"
