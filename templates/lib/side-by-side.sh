# shellcheck shell=bash
# Puts versions of an extension into one folder, $out.
#
# Each library becomes LIBRARY-VERSION, and NAME--VERSION.control says so to PostgreSQL, which takes that file's
# module_pathname for the script that leads to VERSION. Of upstream's update scripts, those from one version of the
# catalogue to another are joined: PostgreSQL would otherwise take each step's library, and load several of them. The
# end of an update moves the functions that it has not touched.
set -euo pipefail
export LC_ALL=C

: "${extension:?}" "${names:?}" "${versions:?}" "${default:?}" "${out:?}"
aliases=${aliases-}

problems=()
# What several versions have, and only the default's is here.
kept=()

problem() {
  problems+=("$1")
}

read -r -d '' -a sql_names <<<"$names" || true
sql_versions=()
declare -A package_of
while IFS=$'\t' read -r version package; do
  if [[ -n $version ]]; then
    sql_versions+=("$version")
    package_of[$version]=$package
  fi
done <<<"$versions"

read -r -d '' -a catalogue_versions <<<"${sql_versions[*]} $aliases" || true

# What stands for a text in an expression of sed -E, and in SQL.
declare -A regex_of literal_of
quote() { # TEXT
  regex_of[$1]=$(sed -E 's/[][(){}.*+?^$|\\/]/\\&/g' <<<"$1")
  literal_of[$1]="'${1//\'/\'\'}'"
}
for text in "${sql_names[@]}" "${sql_versions[@]}"; do
  quote "$text"
done

# A value of a control file.
control_value() { # FILE KEY
  sed -n -E "s/^[[:space:]]*$2[[:space:]]*=[[:space:]]*'?([^'#]*[^'#[:space:]])'?[[:space:]]*(#.*)?\$/\1/p" "$1" | tail -n 1
}

is_script_of() { # FILE NAME
  [[ ${1##*/} == "$2"--*.sql || ${1##*/} == "$2"--*.control ]]
}

# Everything but libraries and scripts is the default's.
cp -r --no-preserve=ownership "${package_of[$default]}/." "$out"
chmod -R u+w "$out"
share=$out/share/postgresql
mkdir -p "$out/lib" "$share/extension"
rm -f "$out"/lib/*.so "$out"/lib/*.dylib
for name in "${sql_names[@]}"; do
  find "$share" \( -name "$name--*.sql" -o -name "$name--*.control" \) -delete
done

# Libraries. `bases` has those of each version, `suffix_of` how their files end.
declare -A bases suffix_of known
for version in "${sql_versions[@]}"; do
  for file in "${package_of[$version]}"/lib/*.{so,dylib}; do
    [[ -f $file ]] || continue
    suffix=${file##*.} base=${file##*/}
    base=${base%.*}
    if [[ $base == *-"$version" ]]; then
      # Upstream has done it already.
      target=$out/lib/$base.$suffix
    elif [[ -e ${package_of[$version]}/lib/$base-$version.$suffix ]]; then
      # What loads those is meant to be one for all.
      kept+=("lib/$base.$suffix")
      if [[ $version == "$default" ]]; then cp --dereference "$file" "$out/lib/$base.$suffix"; fi
      continue
    else
      target=$out/lib/$base-$version.$suffix
      bases[$version]+="$base "
      suffix_of[$base]=$suffix
    fi
    if [[ -e $target ]]; then
      problem "two libraries would be called ${target##*/}: one of them is $base of version $version"
      continue
    fi
    cp --dereference "$file" "$target"
    chmod u+w "$target"
    known[$base]+="$base-$version.$suffix "
    quote "$base"
  done
done

sorted=$(printf '%s\n' "${!known[@]}" | sort)
mapfile -t all_bases <<<"$sorted"

# The names without a version are the default's: for what is loaded by name, for databases that were made without
# other versions beside it, and for what versions elsewhere are called.
link() { # TARGET NAME
  if [[ ! -e $2 && ! -L $2 ]]; then
    ln -s "$1" "$2"
  fi
}
for base in ${bases[$default]-}; do
  link "$base-$default.${suffix_of[$base]}" "$out/lib/$base.${suffix_of[$base]}"
  while IFS= read -r version; do
    if [[ -n $version ]]; then
      link "$base-$default.${suffix_of[$base]}" "$out/lib/$base-$version.${suffix_of[$base]}"
    fi
  done <<<"$aliases"
done
for ((at = ${#sql_versions[@]} - 1; at >= 0; at--)); do
  version=${sql_versions[at]}
  for base in ${bases[$version]-}; do
    suffix=${suffix_of[$base]}
    if [[ -f $out/lib/$base.$suffix && ! -L $out/lib/$base.$suffix ]]; then
      problem "two libraries would be called $base.$suffix: one of them is that of version $version"
    fi
    link "$base-$version.$suffix" "$out/lib/$base.$suffix"
    # Put in front of dynamic_library_path, this makes the version the one that is loaded by name.
    mkdir -p "$out/lib/side-by-side/$extension-$version"
    link "../../$base-$version.$suffix" "$out/lib/side-by-side/$extension-$version/$base.$suffix"
  done
done

# The graph of versions that scripts lead through, as PostgreSQL sees it: `installable` and `next_of`.
read_graph() { # FOLDER NAME
  local file rest
  installable=() next_of=() vertices=()
  for file in "$1/$2"--*.sql; do
    [[ -f $file ]] || continue
    rest=${file##*/"$2"--}
    rest=${rest%.sql}
    case $rest in
      *--*--*) ;;
      *--*)
        next_of[${rest%%--*}]+="${rest##*--} "
        vertices[${rest%%--*}]=1 vertices[${rest##*--}]=1
        ;;
      *) installable[$rest]=1 vertices[$rest]=1 ;;
    esac
  done
}

# Sets `path` to the versions after FROM on the shortest way to TO; of several, PostgreSQL's choice.
find_path() { # FROM TO
  local level=("$1") at next following sorted
  local -A before=([$1]='')
  path=()
  while ((${#level[@]} > 0)) && [[ -z ${before[$2]+there} ]]; do
    following=()
    sorted=$(printf '%s\n' "${level[@]}" | sort)
    mapfile -t level <<<"$sorted"
    for at in "${level[@]}"; do
      for next in ${next_of[$at]-}; do
        if [[ -z ${before[$next]+there} ]]; then
          before[$next]=$at
          following+=("$next")
        fi
      done
    done
    level=(${following[@]+"${following[@]}"})
  done
  [[ -n ${before[$2]+there} ]] || return 1
  at=$2
  while [[ $at != "$1" ]]; do
    path=("$at" "${path[@]}")
    at=${before[$at]}
  done
}

# A script of upstream's, in which libraries have the names that they have here.
script() { # FILE VERSION
  local base edits=()
  for base in ${bases[$2]-}; do
    edits+=(-e "s/'\\\$libdir\\/${regex_of[$base]}'/'\$libdir\/${regex_of[$base]}-${regex_of[$2]}'/g")
  done
  if ((${#edits[@]} > 0)); then
    sed -E "${edits[@]}" "$1"
  else
    cat "$1"
  fi
  printf '\n'
}

# A step may leave another search_path.
seam() {
  printf "SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('pgflakegen.search_path'), true);\n"
}

# Two versions of a library in one process would share symbols and settings: nothing to try.
head_of_update() { # NAME VERSION
  local base library others=''
  for base in ${bases[$2]-}; do
    for library in ${known[$base]-}; do
      if [[ $library != "$base-$2.${suffix_of[$base]}" ]]; then
        others+="${others:+, }'${library//\'/\'\'}'"
      fi
    done
  done
  if [[ -z $others ]]; then return 0; fi
  cat <<SQL
DO \$pgflakegen\$
DECLARE
  loaded pg_catalog.text;
BEGIN
  BEGIN
    SELECT m[1] INTO loaded
    FROM pg_catalog.regexp_matches(
      pg_catalog.encode(pg_catalog.pg_read_binary_file('/proc/self/maps', 0, 16777216, true), 'escape'),
      '/([^/\\n]+)\\n', 'g') AS m
    WHERE m[1] = ANY (ARRAY[$others]::pg_catalog.text[])
    LIMIT 1;
  EXCEPTION
    -- Where that cannot be read, nothing is known.
    WHEN OTHERS THEN NULL;
  END;
  IF loaded IS NOT NULL THEN
    RAISE EXCEPTION '% is loaded, and cannot be beside the library of version %', loaded, ${literal_of[$2]}
      USING HINT = 'Update in a new session, as its first command. If the library is preloaded, run switch-extension-version $extension $2 and restart first.';
  END IF;
END
\$pgflakegen\$;
SQL
}

# What the steps have not made anew still names the library it came with. An UPDATE keeps everything else that was
# said of a function (privileges, costs, settings); the validator then looks each up in the library.
tail_of_update() { # NAME VERSION
  local base values='' members here
  if [[ -z ${bases[$2]-} ]]; then return 0; fi
  for base in "${all_bases[@]}"; do
    here=false
    if [[ " ${bases[$2]}" == *" $base "* ]]; then here=true; fi
    values+="${values:+, }(${literal_of[$base]}, $here)"
  done
  members="SELECT d.objid FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
  WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    AND d.deptype = 'e' AND e.extname = ${literal_of[$1]}"
  cat <<SQL
WITH library (base, here) AS (VALUES $values),
  named AS (
    SELECT p.oid, (
      SELECT CASE WHEN here THEN base END FROM library
      WHERE pg_catalog.regexp_replace(p.probin, '^[\$]libdir/', '') = base
        OR pg_catalog.starts_with(pg_catalog.regexp_replace(p.probin, '^[\$]libdir/', ''), base || '-')
      ORDER BY pg_catalog.length(base) DESC LIMIT 1
    ) AS base
    FROM pg_catalog.pg_proc AS p WHERE p.oid IN ($members)
  )
UPDATE pg_catalog.pg_proc AS p SET probin = '\$libdir/' || n.base || '-' || ${literal_of[$2]}
FROM named AS n
WHERE n.oid = p.oid AND n.base IS NOT NULL AND p.probin <> '\$libdir/' || n.base || '-' || ${literal_of[$2]};
SELECT pg_catalog.fmgr_c_validator(p.oid)
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE l.lanname = 'c' AND p.oid IN ($members);
SQL
}

# Control files and scripts.
declare -A installable next_of vertices
path=()
for name in "${sql_names[@]}"; do
  primary=${package_of[$default]}/share/postgresql/extension/$name.control
  if [[ ! -f $primary ]]; then
    problem "version $default has no $name.control"
    continue
  fi
  folder=$(control_value "$primary" directory)
  folder=$share/${folder:-extension}
  mkdir -p "$folder"
  for version in "${sql_versions[@]}"; do
    control=${package_of[$version]}/share/postgresql/extension/$name.control
    # An extension of several names has some of them in later versions only.
    [[ -f $control ]] || continue
    says=$(control_value "$control" default_version)
    if [[ $says != "$version" ]]; then
      problem "$name.control of version $version says default_version = '$says': say sql-version = \"$says\" in the catalogue"
    fi
    own=$(control_value "$control" directory)
    own=${package_of[$version]}/share/postgresql/${own:-extension}
    edits=(-e '/^[[:space:]]*(default_version|directory)[[:space:]]*=/d')
    for base in ${bases[$version]-}; do
      edits+=(-e "s/^[[:space:]]*module_pathname[[:space:]]*=[[:space:]]*'?(\\\$libdir\\/)?${regex_of[$base]}'?[[:space:]]*(#.*)?\$/module_pathname = '\$libdir\/${regex_of[$base]}-${regex_of[$version]}'/")
    done
    {
      sed -E "${edits[@]}" "$control"
      if [[ -f $own/$name--$version.control ]]; then
        sed -E "${edits[@]}" "$own/$name--$version.control"
      fi
    } >"$folder/$name--$version.control"

    read_graph "$own" "$name"
    if [[ -n ${installable[$version]-} ]]; then
      script "$own/$name--$version.sql" "$version" >"$folder/$name--$version.sql"
    else
      best=() start=''
      sorted=$(printf '%s\n' "${!installable[@]}" | sort -r)
      mapfile -t candidates <<<"$sorted"
      for from in "${candidates[@]}"; do
        if [[ -n $from ]] && find_path "$from" "$version" && ((${#best[@]} == 0 || ${#path[@]} < ${#best[@]})); then
          best=("${path[@]}") start=$from
        fi
      done
      if [[ -z $start ]]; then
        problem "$name of version $version has no script that creates $version"
      else
        {
          printf -- '-- Upstream installs %s and updates it to %s.\n' "$start" "${best[*]}"
          printf "SELECT pg_catalog.set_config('pgflakegen.search_path', pg_catalog.current_setting('search_path'), true);\n"
          script "$own/$name--$start.sql" "$version"
          for step in "${best[@]}"; do
            seam
            script "$own/$name--$start--$step.sql" "$version"
            start=$step
          done
        } >"$folder/$name--$version.sql"
      fi
    fi

    # From what the catalogue has, here or for another server, in one step.
    for from in "${catalogue_versions[@]}"; do
      if [[ -z ${vertices[$from]-} || $from == "$version" ]] || ! find_path "$from" "$version"; then
        continue
      fi
      {
        printf -- '-- Upstream updates %s to %s.\n' "$from" "${path[*]}"
        head_of_update "$name" "$version"
        printf "SELECT pg_catalog.set_config('pgflakegen.search_path', pg_catalog.current_setting('search_path'), true);\n"
        at=$from
        for step in "${path[@]}"; do
          script "$own/$name--$at--$step.sql" "$version"
          seam
          at=$step
        done
        tail_of_update "$name" "$version"
      } >"$folder/$name--$from--$version.sql"
    done

    # From any other version to the default: by upstream's steps, but through versions with names of their own, whose
    # control files name the default's library. Joined, they would be many times as large.
    if [[ $version == "$default" ]]; then
      for from in "${!vertices[@]}"; do
        if [[ $from == "$version" || $from == unpackaged ]] || ! find_path "$from" "$version"; then
          continue
        fi
        cp "$folder/$name--$version.control" "$folder/$name--$from~$version.control"
        if [[ " ${catalogue_versions[*]} " != *" $from "* ]]; then
          {
            printf -- '-- Upstream updates %s to %s.\n' "$from" "${path[*]}"
            head_of_update "$name" "$version"
          } >"$folder/$name--$from--$from~$version.sql"
        fi
        if ((${#path[@]} == 1)); then
          {
            script "$own/$name--$from--$version.sql" "$version"
            tail_of_update "$name" "$version"
          } >"$folder/$name--$from~$version--$version.sql"
        else
          script "$own/$name--$from--${path[0]}.sql" "$version" >"$folder/$name--$from~$version--${path[0]}~$version.sql"
        fi
      done
    fi
  done
done

# What is left of the other versions. Programs, texts for psql and documentation are the default's; data that a
# library reads must not be another version's.
for version in "${sql_versions[@]}"; do
  package=${package_of[$version]}
  files=$(cd "$package" && find . \( -type f -o -type l \) -printf '%P\n' | sort)
  while IFS= read -r file; do
    case $file in
      lib/*.so | lib/*.dylib | lib/bitcode/* | include/* | nix-support/* | share/doc/* | share/man/*) continue ;;
      *) ;;
    esac
    for name in "${sql_names[@]}"; do
      if is_script_of "$file" "$name" || [[ ${file##*/} == "$name.control" ]]; then continue 2; fi
    done
    if [[ ! -e $out/$file && ! -L $out/$file ]]; then
      mkdir -p "$(dirname "$out/$file")"
      cp -r --no-dereference --no-preserve=ownership "$package/$file" "$out/$file"
    elif ! cmp --silent "$package/$file" "$out/$file"; then
      case $file in
        bin/* | *.sql) kept+=("$file") ;;
        *) problem "$file of version $version is another than that of another version: a server can have one only" ;;
      esac
    fi
  done <<<"$files"
done

if ((${#problems[@]} > 0)); then
  printf '%s cannot have its versions side by side:\n' "$extension" >&2
  printf '  %s\n' "${problems[@]}" >&2
  printf 'Write side-by-side = false in catalogue/extensions/%s.toml, or drop a version.\n' "$extension" >&2
  exit 1
fi
if ((${#kept[@]} > 0)); then
  sorted=$(printf '%s\n' "${kept[@]}" | sort -u)
  mapfile -t kept <<<"$sorted"
  printf '%s: these are the default version'\''s (%s): %s\n' "$extension" "$default" "${kept[*]}" >&2
fi

# What the other versions take, in bytes, for the receipt.
bytes() { # FOLDER
  find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }'
}
all=$(bytes "$out")
own=$(bytes "${package_of[$default]}")
mkdir -p "$out/share/pgflakegen/side-by-side"
printf '%d\n' "$((all - own))" >"$out/share/pgflakegen/side-by-side/$extension"
