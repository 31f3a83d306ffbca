#!/usr/bin/env bash
# Updates of a made-up extension: the check of updates passes what is right, and finds each planted fault.
# As a user who is not root: broken-updates.sh GENERATED BIN, where GENERATED is the folder of a flake.
set -euo pipefail

if (($# != 2)); then
  echo "usage: broken-updates.sh GENERATED BIN" >&2
  exit 2
fi
generated=$1
work=$(mktemp -d /tmp/broken-updates.XXXXXX)
trap 'rm -rf -- "$work"' EXIT

fail() {
  echo "failed: $*" >&2
  if [[ -e $work/said ]]; then cat "$work/said" >&2; fi
  exit 1
}

# PostgreSQL finds its files beside its program: in two copies are two versions.
for version in 1.0 2.0; do
  cp --recursive --dereference "$2" "$work/$version"
  chmod -R u+w "$work/$version"
done
extensions=share/postgresql/extension
major=$("$work/2.0/bin/postgres" --version | sed -E 's/.* ([0-9]+).*/\1/')
cat >"$work/catalogue.json" <<JSON
{ "default-postgresql": "it", "locale": "C", "port": 5432, "superuser": "postgres",
  "postgresqls": { "it": { "major": $major, "preload": [], "settings": {} } } }
JSON
jq --null-input --arg old "$work/1.0" --arg new "$work/2.0" '{ sql: ["planted"], versions: [
  { version: "1", sqlVersion: "1.0", bin: $old }, { version: "2", sqlVersion: "2.0", bin: $new }] }' >"$work/updates"
mkdir "$work/smoke"

# shellcheck disable=SC2016
one='create function planted_one() returns int language sql as $$select 1$$;
create function planted_likeness(text, text) returns real language c immutable strict as $$$libdir/pg_trgm$$, $$similarity$$;
create domain planted_word as text;'
# shellcheck disable=SC2016
two='create function planted_two() returns int language sql as $$select 2$$;'

# What the newer version's scripts are: one that updates, and one that creates it at once.
planted() { # UPDATE CREATE
  rm -f "$work"/{known,data,smoke/*}
  for version in 1.0 2.0; do
    printf "default_version = '%s'\n" "$version" >"$work/$version/$extensions/planted.control"
    printf '%s\n' "$one" >"$work/$version/$extensions/planted--1.0.sql"
  done
  printf '%s\n' "$1" >"$work/2.0/$extensions/planted--1.0--2.0.sql"
  printf '%s\n' "$2" >"$work/2.0/$extensions/planted--2.0.sql"
}

check() {
  (
    export PGFLAKEGEN_CATALOGUE=$work/catalogue.json PGFLAKEGEN_CATALOGUE_SH=$generated/tools/catalogue.sh
    export PGFLAKEGEN_CLUSTER_SH=$generated/tools/cluster.sh PGFLAKEGEN_DEFINITIONS=$generated/checks/definitions.sql
    export PGFLAKEGEN_UPDATED_SH=$generated/checks/updated.sh PGFLAKEGEN_UPDATESPath=$work/updates
    export PGFLAKEGEN_NAME=it PGFLAKEGEN_SMOKE=$work/smoke out=$work/report TMPDIR=$work
    if [[ -e $work/known ]]; then export PGFLAKEGEN_KNOWN=$work/known; fi
    if [[ -e $work/data ]]; then export PGFLAKEGEN_DATA=$work/data; fi
    bash "$generated/checks/update.sh"
  ) >"$work/said" 2>&1
}

passes() { # WHAT LINE
  check || fail "$1: it does not pass"
  grep -qxF -e "$2" "$work/said" || fail "$1: it does not say '$2'"
  echo "ok: $1"
}

finds() { # WHAT TEXT…
  local what=$1 text
  shift
  if check; then fail "$what: it passes"; fi
  for text; do
    grep -qF -e "$text" "$work/said" || fail "$what: it does not say '$text'"
  done
  echo "ok: $what: $(grep -F -e "$1" "$work/said" | head -n 1 | cut -c1-160)"
}

fine='ok: planted 1 to 2 (1.0--2.0)'
different='not ok: planted 1.0 to 2.0: it is not as one that was created as 2.0'
planted "$two" "$one $two"
passes "nothing is wrong" "$fine"
cat >"$work/data" <<'SQL'
create table used (id int, word planted_word, likeness real generated always as (planted_likeness('word', word)) stored);
insert into used values (1, 'words'), (2, 'sword');
create view ones as select planted_one() from used;
SQL
printf -- '-- extensions: planted\nselect planted_one();\n' >"$work/smoke/planted.sql"
passes "data that use it, and a test of the repository" "$fine"

planted "$two drop function planted_one();" "$one $two"
finds "a function that the update loses" "$different" "-function public.planted_one()"
planted "$two" "$one $two create table planted_new (id int);"
finds "a table that the update forgets" "$different" "-table public.planted_new"
planted "$two" "$one $two alter function planted_one() cost 7;"
finds "a property that the update forgets" "$different" "COST 7"
echo '1.0 2.0 function public.planted_one()' >"$work/known"
passes "a difference that the repository knows of" "$fine"
grep -qF 'known: planted 1.0 to 2.0' "$work/said" || fail "it is not said what is known"
planted "$two select 1 / 0;" "$one $two"
finds "an update that fails" "not ok: planted 1 to 2: " "division by zero"
planted "$two" "$one $two"
echo "create table used (id int, kept int default planted_one());" >"$work/data"
passes "a table whose default is a function of it" "$fine"
planted "$two update used set n = 2;" "$one $two"
echo "create table used as select 1 as n, 'a'::planted_word as word;" >"$work/data"
finds "an update that changes data" "not ok: planted 1 to 2: the data that use it are others" "-used|1|"
planted "create or replace function planted_one() returns int language sql as \$\$select 3\$\$; $two" \
  "${one/select 1/select 3} $two"
echo "create view ones as select planted_one();" >"$work/data"
finds "a function that gives something else" "the data that use it are others" "-ones|1|"
planted "$two" "$one $two"
echo "create table used (word planted_wort);" >"$work/data"
finds "data that cannot be made" "tests/updates has data that cannot be made" "planted_wort"
planted "$two create function lost() returns int language c as \$\$\$libdir/pg_trgm\$\$, \$\$no_such_function\$\$;" "$one $two"
finds "a function that is in no library" "not ok: planted 1 to 2: " "no_such_function"
planted "$two" "$one $two"
mv "$work/2.0/$extensions"/planted--1.0--{2.0,1.1}.sql
printf '%s\n' "$two" >"$work/2.0/$extensions/planted--1.5--2.0.sql"
finds "no way to the newer version" "there are update scripts, but no path from 1.0 to 2.0"
rm "$work/2.0/$extensions"/planted--1.{0--1.1,5--2.0}.sql
passes "an upstream without update scripts" "skipped: planted 1 to 2: upstream has no update scripts to 2.0"
planted "$two" "$one $two"
sed -i 's/2.0/1.9/' "$work/2.0/$extensions/planted.control"
jq '.versions[0].sqlVersion = "0.9"' "$work/updates" >"$work/other"
mv "$work/other" "$work/updates"
finds "another version than the catalogue says" "planted 1 is created as 1.0; the catalogue says 0.9"
echo "every planted fault is found"
