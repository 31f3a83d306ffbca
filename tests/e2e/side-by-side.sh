#!/usr/bin/env bash
# Versions of made-up extensions in one server: the check passes those that are right, and finds each planted fault.
# As a user who is not root: side-by-side.sh GENERATED BIN, where GENERATED is the folder of a flake.
set -euo pipefail

if (($# != 2)); then
  echo "usage: side-by-side.sh GENERATED BIN" >&2
  exit 2
fi
generated=$1 given=$2
work=$(mktemp -d /tmp/side-by-side.XXXXXX)
running=()
clean_up() {
  local data
  for data in ${running[@]+"${running[@]}"}; do "$bin/bin/pg_ctl" stop --silent --mode=immediate --pgdata="$data" || true; done
  rm -rf -- "$work"
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  if [[ -e $work/said ]]; then cat "$work/said" >&2; fi
  exit 1
}

# PostgreSQL finds its files beside its program: in a copy, others can be put beside them.
bin=${COPY_OF_BIN-}
if [[ -z $bin ]]; then
  bin=$work/bin
  cp --recursive --dereference "$given" "$bin"
  chmod -R u+w "$bin"
fi
start() { # DATA [options]
  local data=$1
  shift
  "$bin/bin/pg_ctl" start --silent --wait --pgdata="$data" --log="$work/log" \
    --options="-c listen_addresses= -c unix_socket_directories=$work -c fsync=off $*" >"$work/said" 2>&1 || fail "$(cat "$work/log")"
  running+=("$data")
}
stop() { # DATA
  "$bin/bin/pg_ctl" stop --silent --mode=fast --pgdata="$1"
  running=()
}
cluster() { # DATA
  "$bin/bin/initdb" --pgdata="$1" --username=postgres --auth=trust --locale=C --no-sync >"$work/said" 2>&1 || fail initdb
}
sql() {
  "$bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --host="$work" --username=postgres \
    --dbname=postgres "$@"
}

cluster "$work/data"
start "$work/data"
major=$(sql --command="select current_setting('server_version_num')::int / 10000")
libraries=$(sql --command="select setting from pg_config where name = 'PKGLIBDIR'")
extensions=$(sql --command="select setting || '/extension' from pg_config where name = 'SHAREDIR'")
stop "$work/data"
case $libraries$extensions in
  *"$bin"* | *"${COPY_OF_BIN:+/}"*) ;;
  *) fail "the copy of PostgreSQL looks into $libraries and $extensions" ;;
esac

cat >"$work/catalogue.json" <<JSON
{ "default-postgresql": "it", "locale": "C", "port": 5432, "superuser": "postgres",
  "postgresqls": { "it": { "major": $major, "preload": [], "settings": {} } } }
JSON

# Two versions of the extension planted: 1.0, and 2.0, to which upstream leads by a 1.1 that is not here. What is given
# is added to 2.0's last update script.
packages() { # [SQL]
  rm -rf "$work/packages"
  local version
  for version in 1.0 2.0; do
    folder=$work/packages/$version/share/postgresql/extension
    mkdir -p "$folder" "$work/packages/$version/lib"
    cp --dereference "$libraries/pg_trgm.so" "$work/packages/$version/lib/planted.so"
    printf "comment = 'planted'\ndefault_version = '%s'\nmodule_pathname = '\$libdir/planted'\nrelocatable = true\n" "$version" \
      >"$folder/planted.control"
    cat >"$folder/planted--1.0.sql" <<'SQL'
\echo Use "CREATE EXTENSION planted" to load this file. \quit
create function planted_limit() returns real language c stable strict as 'MODULE_PATHNAME', 'show_limit';
create function planted_likeness(text, text) returns real language c immutable strict as '$libdir/planted', 'similarity';
create table planted_settings (name text primary key, value text not null);
select pg_catalog.pg_extension_config_dump('planted_settings', '');
SQL
  done
  cat >"$folder/planted--1.0--1.1.sql" <<'SQL'
\echo Use "ALTER EXTENSION planted UPDATE" to load this file. \quit
create function planted_words(text, text) returns real language c immutable strict as 'MODULE_PATHNAME', 'word_similarity';
set local search_path = pg_catalog;
SQL
  cat >"$folder/planted--1.1--2.0.sql" <<SQL
alter table planted_settings add column kind text default 'text';
create view planted_view as select name from planted_settings;
${1-}
SQL
}

# The same, with a script that creates 2.0 at once; the rest of it is given.
with_install_script() { # SQL [SQL-OF-UPDATE]
  packages "${2-}"
  {
    cat "$folder/planted--1.0.sql"
    grep -v '^set local\|^.echo' "$folder/planted--1.0--1.1.sql"
    head -n 2 "$folder/planted--1.1--2.0.sql"
    printf '%s\n' "$1"
  } >"$folder/planted--2.0.sql"
}

combine() { # [DEFAULT [VERSIONS [ALIASES]]]
  rm -rf "$work/out"
  mkdir "$work/out"
  local version versions=''
  for version in ${2-1.0 2.0}; do versions+="$version"$'\t'"$work/packages/$version"$'\n'; done
  extension=planted names=planted default=${1-2.0} aliases=${3-} versions=$versions out=$work/out \
    bash "$generated/lib/side-by-side.sh" >"$work/said" 2>&1
}

install() {
  rm -rf "$libraries"/planted* "$libraries/side-by-side" "$extensions"/planted* "$bin/lib/side-by-side"
  cp --recursive --no-dereference "$work/out/lib/." "$libraries/"
  cp "$work/out"/share/postgresql/extension/* "$extensions/"
  if [[ ! $libraries -ef $bin/lib ]]; then cp --recursive --no-dereference "$libraries/." "$bin/lib/"; fi
}

check() {
  mkdir -p "$work/smoke"
  (
    export PGFLAKEGEN_CATALOGUE=$work/catalogue.json PGFLAKEGEN_CATALOGUE_SH=$generated/tools/catalogue.sh
    export PGFLAKEGEN_CLUSTER_SH=$generated/tools/cluster.sh PGFLAKEGEN_DEFINITIONS=$generated/checks/definitions.sql
    export PGFLAKEGEN_UPDATED_SH=$generated/checks/updated.sh
    export PGFLAKEGEN_BIN=$bin PGFLAKEGEN_NAME=it PGFLAKEGEN_EXTENSION=planted PGFLAKEGEN_SQL=planted
    if [[ -e $work/known ]]; then export PGFLAKEGEN_KNOWN=$work/known; fi
    export PGFLAKEGEN_VERSIONS='1.0 2.0' PGFLAKEGEN_SMOKE=$work/smoke out=$work/report TMPDIR=$work
    bash "$generated/checks/side-by-side.sh"
  ) >"$work/said" 2>&1
}

passes() { # WHAT
  combine || fail "$1: it cannot be built"
  install
  check || fail "$1: it does not pass"
  grep -qxF 'ok: planted 1.0 to 2.0' "$work/said" || fail "$1: nothing was updated"
  echo "ok: $1"
}

finds() { # WHAT TEXT…
  local what=$1 text
  shift
  combine || fail "$what: it cannot be built"
  install
  if check; then fail "$what: it passes"; fi
  for text; do
    grep -qF -e "$text" "$work/said" || fail "$what: it does not say '$text'"
  done
  echo "ok: $what: $(grep -F -e "$1" "$work/said" | head -n 1 | cut -c1-160)"
}

refuses() { # WHAT TEXT
  if combine; then fail "$1: it is built"; fi
  grep -qF -e "$2" "$work/said" || fail "$1: it does not say '$2'"
  echo "ok: $1: $(grep -F -e "$2" "$work/said" | head -n 1 | cut -c1-160)"
}

packages
passes "nothing is wrong"
grep -qF 'skipped: planted 2.0 to 1.0' "$work/said" || fail "there is no way back, and it says otherwise"
cat >"$work/smoke/planted.sql" <<'SQL'
-- extensions: planted
select planted_likeness('word', 'words') > 0, planted_limit();
SQL
with_install_script ''
passes "nothing is wrong, with a script that installs the newer version at once, and a test of the repository"

different='it is not as one that was created as 2.0'
with_install_script 'create function planted_new() returns int language sql as $$select 1$$;'
finds "a forgotten function" "$different" "-function public.planted_new()"
with_install_script '' 'create table planted_left (id int);'
finds "a table that is left" "$different" "+table public.planted_left"
with_install_script 'alter function planted_likeness(text, text) parallel safe;'
finds "a forgotten property" "$different" "PARALLEL SAFE"
with_install_script 'alter table planted_settings alter value set default $$none$$;'
finds "a forgotten default of a column" "$different" "'none'"
with_install_script 'revoke execute on function planted_limit() from public;'
finds "a forgotten privilege" "$different" "planted_limit()"
with_install_script "select pg_catalog.pg_extension_config_dump('planted_settings', 'where false');"
finds "another condition of what is dumped" "$different" "dumped where false"
with_install_script 'alter table planted_settings add check (name > $$a$$);'
finds "a forgotten constraint" "$different" "CHECK"
with_install_script 'create or replace view planted_view as select name, value from planted_settings;'
finds "another view" "$different" "planted_view"
with_install_script 'alter function planted_likeness(text, text) parallel safe;'
echo '1.0 2.0 function public.planted_likeness(pg_catalog.text,pg_catalog.text)' >"$work/known"
passes "a difference that the repository knows of"
grep -qF 'known: planted 1.0 to 2.0' "$work/said" || fail "it is not said what is known"
with_install_script 'alter function planted_likeness(text, text) parallel safe;
  alter function planted_limit() parallel safe;'
finds "another difference beside one that is known" "$different" "planted_limit()"
rm "$work/known"
packages 'select 1 / 0;'
# The server creates 2.0 by the same script.
finds "a script that fails" "division by zero"
with_install_script '' 'create function lost() returns int language c as $$MODULE_PATHNAME$$, $$no_such_function$$;'
finds "a function that is in no library" "no_such_function"
with_install_script "create function other() returns real language c stable as 'planted', 'show_limit';"
finds "a function that names a library by its path" "functions name another library: other()"
with_install_script ''
cp --dereference "$libraries/fuzzystrmatch.so" "$work/packages/2.0/lib/planted.so"
sed -i '/as .MODULE_PATHNAME\|as ..libdir/d' "$folder/planted--2.0.sql"
sed -i '/as .MODULE_PATHNAME/d' "$folder/planted--1.0--1.1.sql"
finds "a library that lost a function which the update leaves" 'could not find function'
with_install_script ''
sed -i "s/^default_version.*/default_version = '1.9'/" "$work/packages/2.0/share/postgresql/extension/planted.control"
refuses "another version in the control file" "says default_version = '1.9': say sql-version"
with_install_script ''
mkdir -p "$work"/packages/{1.0,2.0}/share/postgresql/tsearch_data
echo one >"$work/packages/1.0/share/postgresql/tsearch_data/planted.stop"
echo two >"$work/packages/2.0/share/postgresql/tsearch_data/planted.stop"
refuses "data of two versions" "share/postgresql/tsearch_data/planted.stop of version 1.0"
with_install_script ''
cp "$work/packages/1.0/lib/planted.so" "$work/packages/1.0/lib/planted-2.0.so"
refuses "a library with the name of another's version" "two libraries would be called planted-2.0.so: one of them is that of version 1.0"
packages
rm "$work/packages/1.0/share/postgresql/extension/planted--1.0.sql"
refuses "no script that creates a version" "planted of version 1.0 has no script that creates 1.0"

# What happens in one session.
packages
combine || fail "it cannot be built"
install
start "$work/data"
sql --command="create extension planted version '1.0'"
named=$(sql --command="select string_agg(distinct probin::text, ' ') from pg_proc where proname ~ '^planted_'")
# shellcheck disable=SC2016
[[ $named == '$libdir/planted-1.0' ]] || fail "functions of 1.0 name $named"
if sql --command="select planted_limit()" --command="alter extension planted update to '2.0'" >"$work/said" 2>&1; then
  fail "two versions are loaded in one session"
fi
grep -qF 'planted-1.0.so is loaded' "$work/said" || fail "the session is not told why"
grep -qF 'in a new session' "$work/said" || fail "the session is not told what to do"
[[ $(sql --command="select extversion from pg_extension where extname = 'planted'") == 1.0 ]] || fail "half an update"
sql --command="revoke execute on function planted_limit() from public" \
  --command="alter extension planted update to '2.0'"
named=$(sql --command="select string_agg(distinct probin::text, ' ') from pg_proc where proname ~ '^planted_'")
# shellcheck disable=SC2016
[[ $named == '$libdir/planted-2.0' ]] || fail "functions of 2.0 name $named"
[[ $(sql --command="select proacl::text from pg_proc where proname = 'planted_limit'") == '{postgres=X/postgres}' ]] ||
  fail "the update has lost a privilege"
echo "ok: an update wants a session that has not used the older version, moves every function, and keeps what was granted"

# A database that an ordinary server has made names the library without a version.
sql --command="drop extension planted" --command="create extension planted version '1.0'"
sql --command="create function planted_words(text, text) returns real language c as '\$libdir/planted', 'word_similarity'" \
  --command="alter extension planted add function planted_words(text, text)" \
  --command="update pg_proc set probin = '\$libdir/planted' where proname ~ '^planted_'" \
  --command="update pg_extension set extversion = '1.1' where extname = 'planted'"
sql --command="alter extension planted update to '2.0'"
named=$(sql --command="select string_agg(distinct probin::text, ' ') from pg_proc where proname ~ '^planted_'")
# shellcheck disable=SC2016
[[ $named == '$libdir/planted-2.0' ]] || fail "functions of a database from elsewhere name $named"
echo "ok: a database from a server without versions side by side, in a version that is not here"
stop "$work/data"

# What is preloaded is one version's.
sed -i 's/"preload": \[\]/"preload": ["planted"]/' "$work/catalogue.json"
passes "a library that is preloaded"
sed -i 's/"preload": \["planted"\]/"preload": []/' "$work/catalogue.json"
preloaded=-cshared_preload_libraries=planted
start "$work/data" "$preloaded"
sql --command="drop extension planted"
if sql --command="create extension planted version '1.0'" >"$work/said" 2>&1; then
  fail "the library of the default is preloaded, and another's is used"
fi
cp "$generated/lib/switch-extension-version.sh" "$bin/bin/switch-extension-version"
switch() {
  PATH=$bin/bin:$PATH bash -euo pipefail "$bin/bin/switch-extension-version" "$@" >"$work/said" 2>&1
}
switch planted 1.0 --host="$work" --username=postgres || fail "it cannot be switched"
grep -qF 'Restart it now' "$work/said" || fail "it does not say that a restart is needed"
stop "$work/data"
start "$work/data" "$preloaded"
sql --command="create extension planted version '1.0'"
[[ $(sql --command="select planted_limit()") == 0.3 ]] || fail "the version that was switched to cannot be used"
if sql --command="alter extension planted update to '2.0'" >"$work/said" 2>&1; then fail "two versions are loaded"; fi
grep -qF 'run switch-extension-version planted 2.0' "$work/said" || fail "it does not say what to run"
switch planted default --host="$work" --username=postgres || fail "it cannot be switched back"
stop "$work/data"
start "$work/data" "$preloaded"
sql --command="alter extension planted update to '2.0'"
[[ $(sql --command="select planted_limit()") == 0.3 ]] || fail "the default cannot be used"
if switch planted 3.0 --host="$work"; then fail "it switches to what is not there"; fi
grep -qF "planted has no version '3.0' here" "$work/said" || fail "it does not say what is not there"
stop "$work/data"
echo "ok: the version that is preloaded is switched, and back"

# To a server that has not got the version.
start "$work/data"
sql --command="drop extension planted" --command="create extension planted version '1.0'"
stop "$work/data"
combine 2.0 2.0 1.0 || fail "it cannot be built"
install
cluster "$work/new"
(cd "$work" && "$bin/bin/pg_upgrade" --old-bindir="$bin/bin" --new-bindir="$bin/bin" --old-datadir="$work/data" \
  --new-datadir="$work/new" --username=postgres --socketdir="$work") >"$work/said" 2>&1 || fail pg_upgrade
start "$work/new"
[[ $(sql --command="select extversion, planted_limit() from pg_extension where extname = 'planted'") == '1.0|0.3' ]] ||
  fail "what pg_upgrade has brought cannot be used"
sql --command="alter extension planted update"
named=$(sql --command="select string_agg(distinct probin::text, ' ') from pg_proc where proname ~ '^planted_'")
# shellcheck disable=SC2016
[[ $named == '$libdir/planted-2.0' ]] || fail "after pg_upgrade and an update functions name $named"
stop "$work/new"
echo "ok: pg_upgrade to a server without the version, and an update there"
echo "every planted fault is found"
