# shellcheck shell=bash
# An extension that was updated, beside one that was created in that version: what it is made of, and what it does.
# With `sql`, which is psql in the database, and $work, a folder.

# The functions are in their libraries, types can be named, and what the repository's own tests of it say.
use() { # SQL-NAME FILE: the report
  sql --set=name="$1" >"$2" <<'SQL'
select fmgr_c_validator(p.oid)
from pg_proc as p
join pg_depend as d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
join pg_language as l on l.oid = p.prolang
where l.lanname = 'c' and e.extname = :'name';
select format('select null::%s;', t.oid::regtype)
from pg_type as t
join pg_depend as d on d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e'
join pg_extension as e on d.refclassid = 'pg_extension'::regclass and d.refobjid = e.oid
where e.extname = :'name' and t.typisdefined and t.typtype <> 'p'
\gexec
SQL
  local file
  for file in "${PGFLAKEGEN_SMOKE:?}"/*.sql; do
    if [[ -e $file ]] && sed -n -E '1,20s/^-- *extensions: *//p' "$file" | tr ',' '\n' | sed 's/ //g' | grep -qxF -e "$1"; then
      sql --command='set client_min_messages = error; create extension if not exists pgtap' 2>/dev/null || continue
      # What an older version has not got fails, in both ways alike.
      sql --set=ON_ERROR_STOP=0 --file="$file" >>"$2" 2>&1 || true
    fi
  done
}

definitions() { # SQL-NAME FILE
  sql --set=name="$1" --file="${PGFLAKEGEN_DEFINITIONS:?}" >"$2"
}

# Differences that the repository knows of: `OLD NEW OBJECT`, a line each.
is_known() { # OLD NEW OBJECT
  [[ -n ${PGFLAKEGEN_KNOWN-} ]] && grep -qxF -e "$1 $2 $3" "$PGFLAKEGEN_KNOWN"
}

# Of what is on both sides, from shortly before the first difference.
shown() { # FILE
  awk '
    { sign = substr($0, 1, 1); text = substr($0, 2); object = text; sub(/: .*/, "", object) }
    sign == "-" { order[++count] = object; old[object] = text; next }
    !(object in old) { print substr($0, 1, 400); next }
    {
      at = 1
      while (at < length(text) && substr(text, at, 1) == substr(old[object], at, 1)) at++
      from = at > length(object) + 60 ? at - 40 : length(object) + 3
      printf "-%s: …%s\n+%s: …%s\n", object, substr(old[object], from, 200), object, substr(text, from, 200)
      delete old[object]
    }
    END { for (i = 1; i <= count; i++) if (order[i] in old) print "-" substr(old[order[i]], 1, 400) }
  ' "$1"
}

# Says how $work/definitions differs from those of one that was created so, if it does: fails if that is not known.
# shellcheck disable=SC2154
compare() { # SQL-NAME OLD NEW
  local status=0 object objects
  if diff --unified=0 "$work/definitions-$1-$3" "$work/definitions" >"$work/difference"; then return 0; fi
  sed -n '/^[-+][^-+]/p' "$work/difference" >"$work/lines"
  objects=$(sed -E 's/^.//; s/: .*//' "$work/lines" | sort -u)
  while IFS= read -r object; do
    if is_known "$2" "$3" "$object"; then
      printf 'known: %s %s to %s: %s is another\n' "$1" "$2" "$3" "$object"
    else
      status=1
    fi
  done <<<"$objects"
  if ((status == 1)); then
    printf 'not ok: %s %s to %s: it is not as one that was created as %s (-), but (+)\n' "$1" "$2" "$3" "$3"
    shown "$work/lines"
  fi
  return "$status"
}
