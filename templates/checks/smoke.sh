# shellcheck shell=bash
# One PostgreSQL with all its extensions: each is created and dropped alone, then all are created together,
# then the repository's own tests are run. The report goes to $out.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../tools/catalogue.sh
source "${PGFLAKEGEN_CATALOGUE_SH:?}"
# shellcheck source-path=SCRIPTDIR source=../tools/cluster.sh
source "${PGFLAKEGEN_CLUSTER_SH:?}"

name=${PGFLAKEGEN_NAME:?} bin=${PGFLAKEGEN_BIN:?}

work=$(mktemp -d)
export PGHOST=$work PGPORT=5432 PGDATABASE=postgres PGUSER=$superuser

# Tools leave out a library that is not there; here that is an error, be it of a module without an extension in SQL.
preload=$(query '.postgresqls[$name].preload[]' --arg name "$name")
while IFS= read -r library; do
  if [[ -n $library ]] && ! has_library "$bin" "$library"; then
    die "the library $library is to be preloaded, and $bin does not have it"
  fi
done <<<"$preload"

init_cluster "$work/data" "$name" "$bin" --no-sync >&2
start_private "$bin" "$work/data" "$work" 5432 "$work/log" -c fsync=off
trap 'stop_cluster "$bin" "$work/data"' EXIT
export PATH=$bin/bin:$PATH

sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

section() {
  printf '\n== %s\n' "$*"
}

headers() { # FILE KEY: the values of `-- KEY: a, b`, one a line
  sed -n -E "1,20s/^-- *$2: *//p" "$1" | tr ',' '\n' | sed -E 's/^ +| +$//g' | sed '/^$/d'
}

# Sets reason to why a smoke file cannot be run here, or to nothing.
find_reason() { # FILE
  local major wanted wishes others=() named='' there number fits
  reason=''
  major=$(query '.postgresqls[$name].major' --arg name "$name")
  wishes=$(headers "$1" postgresql)
  while IFS= read -r wanted; do
    if [[ $wanted =~ ^([<>]=?)\ *([0-9]{1,4})$ ]]; then
      number=$((10#${BASH_REMATCH[2]}))
      case ${BASH_REMATCH[1]} in
        '>=') fits=$((major >= number)) ;;
        '<=') fits=$((major <= number)) ;;
        '>') fits=$((major > number)) ;;
        *) fits=$((major < number)) ;;
      esac
      if ((fits == 0)); then reason+="needs PostgreSQL $wanted; "; fi
    elif [[ -n $wanted ]]; then
      others+=("$wanted")
      if [[ $wanted == "$name" || $wanted == "$major" ]]; then named=1; fi
    fi
  done <<<"$wishes"
  if ((${#others[@]} > 0)) && [[ -z $named ]]; then
    reason+="needs PostgreSQL ${others[*]}; "
  fi
  wishes=$(headers "$1" libraries)
  while IFS= read -r wanted; do
    if [[ -n $wanted ]] && ! has_library "$bin" "$wanted"; then
      reason+="needs the library $wanted; "
    fi
  done <<<"$wishes"
  wishes=$(headers "$1" extensions)
  while IFS= read -r wanted; do
    if [[ -n $wanted ]]; then
      there=$(sql --set=name="$wanted" <<<"select exists (select from pg_available_extensions where name = :'name')")
      if [[ $there != t ]]; then
        reason+="needs the extension $wanted; "
      fi
    fi
  done <<<"$wishes"
}

prove() { # FILE…
  pg_prove --psql-bin "$bin/bin/psql" --ext .sql --verbose --failures --comments "$@"
}

mkdir "$work/generated" "$work/smoke"
declare -A covered
for file in "${PGFLAKEGEN_SMOKE:?}"/*.sql; do
  [[ -e $file ]] || continue
  find_reason "$file"
  if [[ -n $reason ]]; then
    printf '\\echo 1..0 # SKIP %s\n' "${reason%; }" >"$work/smoke/${file##*/}"
    continue
  fi
  cp "$file" "$work/smoke/"
  named=$(headers "$file" extensions)
  while IFS= read -r extension; do
    if [[ -n $extension ]]; then covered[$extension]=1; fi
  done <<<"$named"
done

create='.postgresqls[$name].create[]'
alone=$(query "$create | [.sql, .version // \"\"] | @tsv" --arg name "$name")
while IFS=$'\t' read -r extension version; do
  if [[ -n $extension && -z ${covered[$extension]-} ]]; then
    printf "\\\\set extension '%s'\n\\\\set version '%s'\n\\\\ir %s\n" "$extension" "$version" \
      "${PGFLAKEGEN_EXTENSION_TEST:?}" >"$work/generated/$extension.sql"
  fi
done <<<"$alone"

{
  version=$(postgres --version)
  preloaded=$(sql --command='show shared_preload_libraries')
  section "$version, preloaded: $preloaded"

  section "what the catalogue says of control files"
  said=$(query "$create | select(.control) | [.sql, .version // \"-\", (.control | .trusted, .relocatable, .superuser, .schema // \"\")] | @tsv" --arg name "$name")
  wrong=0 compared=0
  while IFS=$'\t' read -r extension version trusted relocatable superuser schema; do
    if [[ -z $extension ]]; then continue; fi
    if [[ $version == - ]]; then version=''; fi
    is=$(sql --field-separator=' ' --set=name="$extension" --set=version="$version" <<<"select trusted, relocatable, superuser, coalesce(schema, '')
      from pg_available_extension_versions
      where name = :'name' and version = coalesce(nullif(:'version', ''), (select default_version from pg_available_extensions where name = :'name'))")
    ((compared += 1))
    if [[ ${is% } != "${trusted:0:1} ${relocatable:0:1} ${superuser:0:1}${schema:+ $schema}" ]]; then
      printf '%s: the catalogue has trusted %s, relocatable %s, superuser %s, schema %s; PostgreSQL says %s\n' \
        "$extension" "$trusted" "$relocatable" "$superuser" "${schema:-any}" "${is:-nothing}"
      wrong=1
    fi
  done <<<"$said"
  if ((wrong > 0)); then exit 1; fi
  printf '%s compared with pg_available_extension_versions\n' "$compared"

  section "each extension without a smoke file, alone"
  if compgen -G "$work/generated/*.sql" >/dev/null; then
    (cd "$work/generated" && prove ./*.sql)
  fi

  section "all extensions together"
  sql --file="${PGFLAKEGEN_PRIME:?}"
  sql --command="select extname || ' ' || extversion from pg_extension order by extname"
  wanted=$(query "$create | .sql + \" \" + (.version // \"\")" --arg name "$name")
  while read -r extension version; do
    if [[ -z $extension ]]; then continue; fi
    there=$(sql --set=name="$extension" <<<"select extversion from pg_extension where extname = :'name'")
    if [[ -z $there || (-n $version && $there != "$version") ]]; then
      printf 'the catalogue has %s %s, the server has %s\n' "$extension" "$version" "${there:-none}"
      exit 1
    fi
  done <<<"$wanted"

  section "the repository's smoke tests"
  if compgen -G "$work/smoke/*.sql" >/dev/null; then
    sql --command='create extension if not exists pgtap' 2>/dev/null
    (cd "$work/smoke" && prove ./*.sql)
  else
    printf 'there are none: tests/smoke has no file\n'
  fi
} 2>&1 | tee "$work/report" >&2
sed "s|$work|.|g" "$work/report" >"${out:?}"
