# shellcheck shell=bash
# Versions of an extension in one server: from each to each to which there is a way, created, used, updated, used, and
# compared with one that was created so. The report goes to $out.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../tools/catalogue.sh
source "${PGFLAKEGEN_CATALOGUE_SH:?}"
# shellcheck source-path=SCRIPTDIR source=../tools/cluster.sh
source "${PGFLAKEGEN_CLUSTER_SH:?}"
# shellcheck source-path=SCRIPTDIR source=updated.sh
source "${PGFLAKEGEN_UPDATED_SH:?}"

work=$(mktemp -d)
bin=${PGFLAKEGEN_BIN:?} name=${PGFLAKEGEN_NAME:?} extension=${PGFLAKEGEN_EXTENSION:?}
read -ra sql_names <<<"${PGFLAKEGEN_SQL:?}"
read -ra versions <<<"${PGFLAKEGEN_VERSIONS:?}"
running=''
trap '[[ -z $running ]] || stop_cluster "$bin" "$work/data"' EXIT

sql_in() { # DATABASE [psql arguments]
  "$bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
    --host="$work" --port=5432 --username="$superuser" --dbname="$1" "${@:2}"
}

sql() { # [psql arguments]
  sql_in postgres "$@"
}

# Whether one of its libraries is preloaded.
preloads=''
preload=$(query '.postgresqls[$name].preload[]' --arg name "$name")
while IFS= read -r library; do
  if [[ -n $library ]] && compgen -G "$bin/lib/side-by-side/$extension-*/$library.*" >/dev/null; then preloads=1; fi
done <<<"$preload"

# What is preloaded is one version's: as switch-extension-version does it.
use_version() { # VERSION
  if [[ -n $running && ($running == "$1" || -z $preloads) ]]; then return 0; fi
  if [[ -n $running ]]; then
    stop_cluster "$bin" "$work/data"
    running=''
  fi
  write_conf "$work/data" "$name" "$bin"
  if [[ -n $preloads ]]; then
    printf "dynamic_library_path = '\$libdir/side-by-side/%s-%s:\$libdir'\n" "$extension" "$1" >>"$work/data/$conf_file"
  fi
  start_private "$bin" "$work/data" "$work" 5432 "$work/log" -c fsync=off
  running=$1
}

# Some extensions can be in this database only.
empty_database() {
  sql_in template1 <<<'drop database postgres with (force);'
  sql_in template1 <<<'create database postgres template template0;'
}

create() { # SQL-NAME VERSION
  use_version "$2"
  empty_database
  sql --set=name="$1" --set=version="$2" <<<"create extension :\"name\" version :'version' cascade;"
}

# Functions of the extension that name the library of another version than VERSION, or of none.
strangers() { # SQL-NAME VERSION
  local file version others=()
  for file in "$bin/lib/side-by-side/$extension"-*/*; do
    file=${file##*/}
    others+=("${file%.*}")
  done
  for version in "${versions[@]}"; do
    for file in "$bin/lib"/*-"$version".{so,dylib}; do
      file=${file##*/}
      if [[ $version != "$2" ]]; then others+=("${file%.*}"); fi
    done
  done
  sql --set=name="$1" --set=others="${others[*]}" <<'SQL'
select p.oid::regprocedure || ' in ' || p.probin
from pg_proc as p
join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
where e.extname = :'name' and regexp_replace(p.probin, '^[$]libdir/', '') = any (string_to_array(:'others', ' '))
order by 1
SQL
}

judge() { # WHAT SQL-NAME VERSION: the extension as it is now
  local found
  found=$(strangers "$2" "$3")
  if [[ -n $found ]]; then
    printf 'not ok: %s: functions name another library: %s\n' "$1" "${found//$'\n'/, }"
  fi
}

pair() { # SQL-NAME OLD NEW
  local what="$1 $2 to $3" path after
  path=$(sql --set=name="$1" --set=old="$2" --set=new="$3" \
    <<<"select path from pg_extension_update_paths(:'name') where source = :'old' and target = :'new'")
  if [[ -z $path ]]; then
    printf 'skipped: %s: upstream has no update scripts\n' "$what"
    return 0
  fi
  create "$1" "$2"
  use "$1" "$work/old"
  use_version "$3"
  # The first command of its session.
  if ! sql --set=name="$1" --set=new="$3" <<<"alter extension :\"name\" update to :'new';" 2>"$work/error"; then
    printf 'not ok: %s: %s\n' "$what" "$(<"$work/error")"
    return 0
  fi
  after=$(sql --set=name="$1" <<<"select extversion from pg_extension where extname = :'name'")
  if [[ $after != "$3" ]]; then
    printf 'not ok: %s: it ends as %s\n' "$what" "$after"
  fi
  judge "$what" "$1" "$3"
  definitions "$1" "$work/definitions"
  if ! compare "$1" "$2" "$3"; then return 0; fi
  if ! use "$1" "$work/use" 2>"$work/error"; then
    printf 'not ok: %s: it cannot be used: %s\n' "$what" "$(<"$work/error")"
  elif ! diff --unified=0 "$work/use-$1-$3" "$work/use" >"$work/difference"; then
    printf 'not ok: %s: its tests say something else than of one that was created as %s\n' "$what" "$3"
    cat "$work/difference"
  else
    printf 'ok: %s\n' "$what"
  fi
}

init_cluster "$work/data" "$name" "$bin" --no-sync >&2
{
  for sql_name in "${sql_names[@]}"; do
    available=()
    for version in "${versions[@]}"; do
      use_version "$version"
      there=$(sql --set=name="$sql_name" --set=version="$version" \
        <<<"select exists (select from pg_available_extension_versions where name = :'name' and version = :'version')")
      if [[ $there != t ]]; then
        printf 'skipped: %s: version %s has no such extension\n' "$sql_name" "$version"
      elif ! create "$sql_name" "$version" 2>"$work/error" || ! use "$sql_name" "$work/use-$sql_name-$version" 2>"$work/error"; then
        printf 'not ok: %s %s: %s\n' "$sql_name" "$version" "$(<"$work/error")"
      else
        judge "$sql_name $version" "$sql_name" "$version"
        definitions "$sql_name" "$work/definitions-$sql_name-$version"
        available+=("$version")
        count=$(wc -l <"$work/definitions-$sql_name-$version")
        printf 'ok: %s %s: %s objects\n' "$sql_name" "$version" "$count"
      fi
    done
    for old in ${available[@]+"${available[@]}"}; do
      for new in "${available[@]}"; do
        if [[ $old != "$new" ]]; then pair "$sql_name" "$old" "$new"; fi
      done
    done
  done
} 2>&1 | tee "$work/report" >&2
if grep -q '^not ok' "$work/report"; then
  exit 1
fi
cp "$work/report" "${out:?}"
