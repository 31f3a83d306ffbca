# shellcheck shell=bash
# Which version's libraries the server loads by name: those that are preloaded, and those of background workers.

readonly program=${0##*/}
here=$(dirname "$0")
folder=${here%/bin}/lib/side-by-side
[[ $folder != "$here" ]] || folder=$here/../lib/side-by-side

usage() {
  cat <<EOT
usage: $program EXTENSION VERSION [psql options]
       $program EXTENSION default [psql options]

The server then preloads the libraries of this VERSION (in SQL) of the EXTENSION, or of its default again. It does so when
it starts: restart it after this. Options say how psql connects; the user must be a superuser.

This PostgreSQL has:
EOT
  local each
  for each in "$folder"/*/; do
    each=${each%/}
    printf '  %s\n' "${each##*/}"
  done
}

die() {
  printf '%s: %s\n' "$program" "$*" >&2
  exit 2
}

if [[ ${1-} == --help || ${1-} == -h ]]; then
  usage
  exit 0
fi
if (($# < 2)); then
  usage >&2
  exit 2
fi
extension=$1 version=$2
shift 2
case $extension$version in
  *[!A-Za-z0-9._+~-]*) die "'$extension' '$version' names no version of an extension" ;;
  *) ;;
esac
if ! compgen -G "$folder/$extension-*" >/dev/null; then
  die "'$extension' has no versions side by side here; $program --help lists what has"
fi
if [[ $version != default && ! -d $folder/$extension-$version ]]; then
  die "$extension has no version '$version' here; $program --help lists them"
fi

sql() {
  psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 "$@"
}

now=$(sql --dbname=postgres "$@" --command='show dynamic_library_path')
others=()
IFS=: read -ra places <<<"$now"
for place in ${places[@]+"${places[@]}"}; do
  # Versions of an extension whose name goes on after a hyphen are another's.
  if [[ $place == "\$libdir/side-by-side/$extension-"* && -d $folder/${place##*/} ]]; then
    rest=${place##*/side-by-side/"$extension"-}
    if [[ $rest == [0-9]* ]]; then continue; fi
  fi
  others+=("$place")
done
if [[ $version != default ]]; then
  others=("\$libdir/side-by-side/$extension-$version" ${others[@]+"${others[@]}"})
fi
value=$(
  IFS=:
  printf '%s' "${others[*]}"
)
# shellcheck disable=SC2016
if [[ $value == '$libdir' ]]; then
  sql --dbname=postgres "$@" --command='alter system reset dynamic_library_path'
else
  sql --dbname=postgres "$@" --set=value="$value" <<<"alter system set dynamic_library_path = :'value'"
fi
printf '%s: from its next start the server takes the libraries of %s %s. Restart it now.\n' "$program" "$extension" "$version"
