#!/usr/bin/env bash
# Extensions that are broken on purpose, each in one way: the check of an extension alone must say so.
# As a user who is not root: broken-extensions.sh EXTENSION.sql BIN BIN-OF-ANOTHER-MAJOR
set -euo pipefail

if (($# != 3)); then
  echo "usage: broken-extensions.sh EXTENSION.sql BIN BIN-OF-ANOTHER-MAJOR" >&2
  exit 2
fi
check=$1 bin=$2 other=$3
work=$(mktemp -d /tmp/broken-extensions.XXXXXX)
server=''
clean_up() {
  if [[ -n $server ]]; then "$work/bin/bin/pg_ctl" stop --silent --mode=fast --pgdata="$work/data" || true; fi
  rm -rf -- "$work"
}
trap clean_up EXIT

fail() {
  echo "failed: $*" >&2
  cat "$work/said" >&2
  exit 1
}

# PostgreSQL finds its files beside its program: in a copy, others can be put beside them.
cp --recursive --dereference "$bin" "$work/bin"
chmod -R u+w "$work/bin"
extensions=$work/bin/share/postgresql/extension
[[ -d $extensions ]] || extensions=$work/bin/share/extension
libraries=$work/bin/lib
[[ -e $libraries/vector.so ]] || libraries=$work/bin/lib/postgresql
"$work/bin/bin/initdb" --pgdata="$work/data" --username=postgres --auth=trust --no-sync >"$work/said" 2>&1 || fail initdb
"$work/bin/bin/pg_ctl" start --silent --wait --pgdata="$work/data" --log="$work/log" \
  --options="-c listen_addresses= -c unix_socket_directories=$work -c fsync=off" || fail "$(cat "$work/log")"
server=1

# An extension of the name broken, from a control file's version and a script.
make() { # SQL [VERSION-OF-CONTROL-FILE]
  rm -f "$extensions"/broken*
  printf "default_version = '%s'\nrelocatable = true\n" "${2:-1}" >"$extensions/broken.control"
  printf '%s\n' "$1" >"$extensions/broken--${2:-1}.sql"
}

tested() {
  "$work/bin/bin/psql" --no-psqlrc --quiet --tuples-only --no-align --host="$work" --username=postgres --dbname=postgres \
    --set=extension=broken --set=version=1 --file="$check" >"$work/said" 2>&1
}

says() { # WHAT TEXT
  if tested && ! grep -q '^not ok' "$work/said"; then fail "$1: it passes"; fi
  grep -qF -e "$2" "$work/said" || fail "$1: it does not say '$2'"
  echo "ok: $1: $(grep -F -e "$2" "$work/said" | head -n 1 | cut -c1-160)"
}

# shellcheck disable=SC2016
fine='create function fine() returns int language sql as $$select 1$$;'
make "$fine"
tested || fail "nothing is broken, and it fails"
if grep -q '^not ok' "$work/said"; then fail "nothing is broken, and it does not pass"; fi
echo "ok: one that is not broken"

leftover() { # WHAT CATALOGUE SQL
  make "$fine $3"
  says "$1" "in $2: "
}
leftover "a role" pg_authid "create role left_role;"
leftover "a setting of a database" pg_db_role_setting "alter database postgres set work_mem = '7MB';"
leftover "a privilege" pg_namespace "grant create on schema public to public; grant usage on schema public to pg_monitor;"
leftover "a publication" pg_publication "create publication left_pub;"
leftover "a large object" pg_largeobject_metadata "select lo_create(4711);"
leftover "default privileges" pg_default_acl "alter default privileges grant select on tables to public;"
leftover "a collation" pg_collation "create collation public.c (provider = icu, locale = 'de'); alter extension broken drop collation public.c;"
leftover "an event trigger" pg_event_trigger "create function e() returns event_trigger language plpgsql as 'begin end';
  create event trigger left_trigger on ddl_command_end execute function e(); alter extension broken drop event trigger left_trigger;
  alter extension broken drop function e();"
leftover "a cast into pg_catalog" pg_cast "create cast (text as int2vector) with inout; alter extension broken drop cast (text as int2vector);"
leftover "a comment" pg_description "comment on function pg_catalog.now() is 'mine';"
leftover "a function of the system" pg_proc "alter function pg_catalog.pi() cost 99;"

rm -f "$extensions"/broken*
says "no control file" "is not available"
make "create function broken syntax;"
says "SQL that fails" "syntax error"
make "create function gone() returns int language c as 'no_such_library', 'gone';"
says "a library that is not there" "no_such_library"
make "$fine" 2
says "another version" "version"
make "set check_function_bodies = off; create function lost() returns int language c as '\$libdir/vector', 'no_such_function';"
says "a function that the library lost" "no_such_function"
cp --dereference "$(find -L "$other/lib" -name vector.so | head -n 1)" "$libraries/of_another_major.so"
make "create function foreigner() returns int language c as '\$libdir/of_another_major', 'vector_in';"
says "a library of another major" "incompatible library"
echo "every broken extension is found"
