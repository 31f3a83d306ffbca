# shellcheck shell=bash
# The files of an extension's image: control files and SQL in share/extension; in lib its libraries, and beside them
# what they need but a server has not: they find each other by $ORIGIN. Nothing names the Nix store.
# usage: extension-image.sh NAME PACKAGE OUT
set -euo pipefail
shopt -s nullglob

name=$1 package=$2 out=$3
store=${NIX_STORE:-/nix/store}
# As long as the store's: it stands for it within libraries.
printf -v nowhere '/%*s' $((${#store} - 1)) ''
nowhere=${nowhere// /x}
export LC_ALL=C

refuse() {
  echo "error: $name cannot be an extension image: $*" >&2
  exit 1
}

mkdir -p "$out/lib" "$out/share/extension"
share=$package/share/postgresql
directories=()
for file in "$share"/extension/*; do
  case $file in
    *.control)
      named=$(sed -nE "s/^[[:space:]]*directory[[:space:]]*=[[:space:]]*'([^']*)'.*/\1/p" "$file")
      if [[ -n $named ]]; then
        directories+=("$named")
      fi
      ;;
    *.sql | *.md | *.txt) ;;
    # A program that reads it asks PostgreSQL where that is.
    *) refuse "share/postgresql/${file#"$share/"} is looked for in the server's own directory only" ;;
  esac
  cp -L --no-preserve=mode "$file" "$out/share/extension/"
done
# Where control files say that the SQL is: beside `extension`, where they are themselves.
for directory in "$share"/*/; do
  directory=${directory%/}
  directory=${directory##*/}
  if [[ $directory == @(tsearch_data|timezonesets) ]]; then
    refuse "share/postgresql/$directory is looked for in the server's own directory only"
  elif [[ " ${directories[*]} " == *" $directory "* && $directory != extension ]]; then
    cp -rL --no-preserve=mode "$share/$directory" "$out/share/"
  elif [[ $directory != extension ]]; then
    echo "$name: not in the image is share/postgresql/$directory"
  fi
done
found=''
if [[ -d $package/lib ]]; then
  found=$(find -L "$package/lib" -type f -name '*.so*' -not -path '*/bitcode/*')
fi
originals=()
while IFS= read -r library; do
  if [[ -n $library ]]; then
    originals+=("$library")
    cp -L --no-preserve=mode "$library" "$out/lib/"
  fi
done <<<"$found"
files=("$out"/lib/* "$out"/share/extension/*)
if ((${#files[@]} == 0)); then
  refuse "$package has neither libraries nor control files"
fi
programs=("$package"/bin/*)
if ((${#programs[@]} > 0)); then
  echo "$name: not in the image are its programs: ${programs[*]##*/}"
fi

# glibc is the server's: one process has one.
is_of_glibc() {
  case $1 in
    ld-linux* | libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | libutil.so.* | \
      libanl.so.* | libmvec.so.* | libthread_db.so.* | linux-vdso.so.*) return 0 ;;
    *) return 1 ;;
  esac
}

needed=()
for library in "${originals[@]}"; do
  listed=$(ldd "$library")
  while read -r soname arrow path _; do
    soname=${soname##*/}
    if [[ $arrow != '=>' ]] || is_of_glibc "$soname" || [[ -e $out/lib/$soname ]]; then
      continue
    fi
    if [[ $path != /* ]]; then
      refuse "${library##*/} needs $soname, which is not found"
    fi
    needed+=("$soname")
    cp -L --no-preserve=mode "$path" "$out/lib/$soname"
  done <<<"$listed"
done

for library in "$out"/lib/*; do
  needs=$(patchelf --print-needed "$library")
  while IFS= read -r need; do
    if [[ $need == */* ]]; then
      patchelf --replace-needed "$need" "${need##*/}" "$library"
    fi
  done <<<"$needs"
  if ((${#needed[@]} > 0 || ${#originals[@]} > 1)); then
    # shellcheck disable=SC2016
    patchelf --set-rpath '$ORIGIN' "$library"
  else
    patchelf --remove-rpath "$library"
  fi
done

# A path of the store that is there, and that is read or run as a library works; what it was compiled from is not.
is_data() { # PATH
  local path=${1%/} below
  below=${path#"$store"/*/}
  if [[ $below == "$path" || ! -e $path ]]; then
    return 1
  fi
  case $below in
    lib | lib64 | lib/*.so | lib/*.so.* | include | include/* | */include/* | *.c | *.cc | *.cpp | *.h | *.hpp | *.rs | \
      lib/bitcode* | lib/engines* | lib/ossl-modules* | lib/pgxs* | lib/pkgconfig* | nix-support* | share/doc* | \
      share/locale* | share/man*) return 1 ;;
    *) return 0 ;;
  esac
}

hash='[0-9a-df-np-sv-z]{32}'
for library in "$out"/lib/*; do
  paths=$(grep -aoE "$store/$hash-[0-9A-Za-z+._?=/@~-]*" "$library" | sort -u || true)
  while IFS= read -r path; do
    if is_data "$path"; then
      refuse "lib/${library##*/} has $path built in, which would not be there; use cloudnative-pg.server, which has it"
    fi
  done <<<"$paths"
  sed -E -i -e "s|$store/$hash|$nowhere/eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee|g" -e "s|$store|$nowhere|g" "$library"
done
find "$out/share" -type f -exec sed -i "s|$package/lib/|\$libdir/|g" {} +
left=$(grep -rlF "$store" "$out" || true)
if [[ -n $left ]]; then
  refuse "these name files of the Nix store: ${left//"$out/"/}"
fi

# What a server's system must have.
glibc=$(grep -ahoE 'GLIBC_2\.[0-9]+' "$out"/lib/* /dev/null | sort -uV | tail -n 1 || true)
echo "$name: ${#originals[@]} libraries${needed:+, beside them ${needed[*]}}${glibc:+; for glibc ${glibc#GLIBC_} or newer}"
