# The builder of every derivation in hostpkgs: nixpkgs' phases over the machine's own tools.
# shellcheck shell=bash
set -eu
shopt -s inherit_errexit
set -o pipefail

# Structured attributes arrive as a script of bash variables, all others as the environment.
if [ -n "${NIX_ATTRS_SH_FILE:-}" ] || [ -e .attrs.sh ]; then
  # shellcheck disable=SC1090
  source "${NIX_ATTRS_SH_FILE:-.attrs.sh}"
  for _name in "${!outputs[@]}"; do export "$_name=${outputs[$_name]}"; done
  # Nix writes `env` as an associative array.
  if declare -p env >/dev/null 2>&1; then
    for _name in "${!env[@]}"; do export "$_name=${env[$_name]}"; done
  fi
  _outputNames="${!outputs[*]}"
else
  _outputNames=$outputs
fi

export NIX_BUILD_TOP="${NIX_BUILD_TOP:-$PWD}" TMPDIR="${TMPDIR:-$PWD}"
export HOME=/homeless-shelter LC_ALL=C.UTF-8 TZ=UTC SOURCE_DATE_EPOCH=1
export SHELL=/bin/bash CONFIG_SHELL=/bin/bash
export PATH=/usr/bin:/bin
export prefix=$out
NIX_BUILD_CORES=${NIX_BUILD_CORES:-1}
[ "$NIX_BUILD_CORES" -gt 0 ] || NIX_BUILD_CORES=$(nproc)
umask 022

## Words, flags and hooks

# The items of a list attribute, one per line, whether a bash array or a string of words.
_items() {
  local -n _list=$1 2>/dev/null || return 0
  if [[ "$(declare -p "$1" 2>/dev/null)" == "declare -a"* ]]; then
    [ "${#_list[@]}" -eq 0 ] || printf '%s\n' "${_list[@]}"
  elif [ -n "${_list:-}" ]; then
    # shellcheck disable=SC2086
    printf '%s\n' ${_list}
  fi
}
# Appends the items of attributes $2… to the array named $1; `xArray` holds items with spaces.
concatTo() {
  local -n _target=$1
  local _attr _item
  shift
  for _attr in "$@"; do
    if [[ "$(declare -p "$_attr" 2>/dev/null)" == "declare -a"* ]]; then
      local -n _array=$_attr
      _target+=("${_array[@]}")
    else
      while IFS= read -r _item; do _target+=("$_item"); done < <(_items "$_attr")
    fi
  done
}
_has() { [ -n "${!1:-}" ] && [ "${!1}" != 0 ] && [ "${!1}" != false ]; }
runHook() {
  local hook
  if declare -F "$1" >/dev/null; then "$1"; elif [ -n "${!1:-}" ]; then eval "${!1}"; fi
  local -n _hooks="${1}Hooks" 2>/dev/null || true
  for hook in "${_hooks[@]:-}"; do
    [ -z "$hook" ] || eval "$hook"
  done
}
_runPhase() {
  local phase=$1
  echo "@hostpkgs phase $phase"
  if [ -n "${!phase:-}" ]; then eval "${!phase}"; else "$phase"; fi
}
addToSearchPath() { [ ! -d "$2" ] || export "$1=$2${!1:+:${!1}}"; }
nixErrorLog() { echo "error: $*" >&2; }
nixLog() { echo "$*" >&2; }

## Dependencies

declare -A _seen=()
_addInput() {
  local input=$1 more
  [ -z "${_seen[$input]:-}" ] || return 0
  _seen[$input]=1
  addToSearchPath PATH "$input/bin"
  addToSearchPath CPATH "$input/include"
  addToSearchPath LIBRARY_PATH "$input/lib"
  addToSearchPath PKG_CONFIG_PATH "$input/lib/pkgconfig"
  addToSearchPath PKG_CONFIG_PATH "$input/share/pkgconfig"
  addToSearchPath CMAKE_PREFIX_PATH "$input"
  for more in propagated-build-inputs propagated-native-build-inputs; do
    [ ! -e "$input/nix-support/$more" ] || for more in $(<"$input/nix-support/$more"); do _addInput "$more"; done
  done
  # shellcheck disable=SC1091
  [ ! -e "$input/nix-support/setup-hook" ] || source "$input/nix-support/setup-hook"
}
_inputs=()
concatTo _inputs propagatedBuildInputs buildInputs checkInputs propagatedNativeBuildInputs \
  depsBuildBuild nativeCheckInputs nativeInstallCheckInputs nativeBuildInputs
for _input in "${_inputs[@]}"; do _addInput "$_input"; done
CMAKE_PREFIX_PATH=${CMAKE_PREFIX_PATH:-}

## Helpers that nixpkgs' expressions call

substituteStream() {
  local -n _text=$1
  local file=$2 old new
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --replace | --replace-fail | --replace-warn | --replace-quiet)
        if [[ $_text != *"$2"* ]]; then
          case $1 in
            --replace-fail) nixErrorLog "substituteStream: pattern ${2@Q} doesn't match anything in file '$file'"; return 1 ;;
            --replace | --replace-warn) nixLog "warning: pattern ${2@Q} doesn't match anything in file '$file'" ;;
          esac
        fi
        _text=${_text//"$2"/"$3"}
        shift 3
        ;;
      --subst-var) old=@$2@ new=${!2} && _text=${_text//"$old"/"$new"} && shift 2 ;;
      --subst-var-by) old=@$2@ new=$3 && _text=${_text//"$old"/"$new"} && shift 3 ;;
      *) nixErrorLog "substitute: unknown argument $1"; return 1 ;;
    esac
  done
}
substitute() {
  local input=$1 output=$2 content
  shift 2
  [ -f "$input" ] || { nixErrorLog "substitute: file '$input' does not exist"; return 1; }
  content=$(cat "$input"; printf x)
  content=${content%x}
  substituteStream content "$input" "$@"
  printf '%s' "$content" >"$output"
}
substituteInPlace() {
  local files=()
  while [ $# -gt 0 ] && [[ $1 != --* ]]; do files+=("$1") && shift; done
  local file
  for file in "${files[@]}"; do substitute "$file" "$file" "$@"; done
}
substituteAll() { # every @name@ that is a variable of the environment
  local input=$1 output=$2 name arguments=()
  for name in $(grep -o '@[a-zA-Z_][a-zA-Z0-9_]*@' "$input" | tr -d @ | sort -u); do
    [ -z "${!name+set}" ] || arguments+=(--subst-var "$name")
  done
  substitute "$input" "$output" "${arguments[@]}"
}
moveToOutput() { # a pattern below every output, to one output
  local pattern=$1 target=$2 output file relative
  for output in $_outputNames; do
    output=${!output}
    [ "$output" != "$target" ] || continue
    for file in "$output"/$pattern; do
      [ -e "$file" ] || [ -L "$file" ] || continue
      relative=${file#"$output"/}
      mkdir -p "$target/$(dirname "$relative")"
      if [ -d "$file" ] && [ -d "$target/$relative" ]; then
        cp -a "$file/." "$target/$relative/" && rm -r "$file"
      else
        mv "$file" "$target/$relative"
      fi
      rmdir --parents --ignore-fail-on-non-empty "$(dirname "$file")" 2>/dev/null || true
    done
  done
}
installManPage() { local page; for page in "$@"; do install -Dm644 -t "$out/share/man/man${page##*.}" "$page"; done; }
installBin() { install -Dm755 -t "$out/bin" "$@"; }
patchShebangs() { :; } # the machine has /usr/bin/env and /bin/sh

## Phases

unpackFile() {
  case $1 in
    *.zip) unzip -qq "$1" ;;
    *) if [ -d "$1" ]; then cp -r --no-preserve=ownership "$1" "$(_stripHash "$1")"; else tar xf "$1" --no-same-owner --mode=u+w; fi ;;
  esac
}
_stripHash() { local base; base=$(basename "$1"); if [[ $base =~ ^[a-z0-9]{32}- ]]; then echo "${base:33}"; else echo "$base"; fi; }
unpackPhase() {
  runHook preUnpack
  local sources=() before after source
  concatTo sources srcs
  [ "${#sources[@]}" -gt 0 ] || sources=("${src:?no src: set dontUnpack}")
  before=$(ls -A)
  for source in "${sources[@]}"; do unpackFile "$source"; done
  if [ -n "${setSourceRoot:-}" ]; then
    runHook setSourceRoot
  elif [ -z "${sourceRoot:-}" ]; then
    after=$(comm -13 <(sort <<<"$before") <(ls -A | sort))
    for source in $after; do
      [ ! -d "$source" ] || { [ -z "${sourceRoot:-}" ] || { nixErrorLog "unpacker produced several directories: set sourceRoot"; return 1; }; sourceRoot=$source; }
    done
  fi
  chmod -R u+w -- "${sourceRoot:?unpacker appears to have produced no directories}"
  runHook postUnpack
  cd "$sourceRoot"
}
patchPhase() {
  runHook prePatch
  local list=() patch flags=()
  concatTo list patches
  concatTo flags patchFlags
  [ "${#flags[@]}" -gt 0 ] || flags=(-p1)
  for patch in "${list[@]}"; do
    echo "applying patch $patch"
    case $patch in
      *.gz) gzip -dc "$patch" ;;
      *.xz) xz -dc "$patch" ;;
      *) cat "$patch" ;;
    esac | patch "${flags[@]}"
  done
  runHook postPatch
}
configurePhase() {
  runHook preConfigure
  local script=${configureScript:-} flags=()
  [ -n "$script" ] || [ ! -x ./configure ] || script=./configure
  if [ -n "$script" ]; then
    _has dontAddPrefix || flags+=("--prefix=$prefix")
    concatTo flags configureFlags configureFlagsArray
    # shellcheck disable=SC2086
    $script "${flags[@]}"
  fi
  runHook postConfigure
}
_make() {
  local flags=("SHELL=$SHELL")
  ! _has enableParallelBuilding || flags+=("-j$NIX_BUILD_CORES")
  [ -z "${makefile:-}" ] || flags+=(-f "$makefile")
  concatTo flags makeFlags makeFlagsArray "$@"
  make "${flags[@]}"
}
_hasMakefile() { [ -n "${makefile:-}" ] || [ -e Makefile ] || [ -e makefile ] || [ -e GNUmakefile ]; }
buildPhase() {
  runHook preBuild
  if [ -z "${makeFlags:-}" ] && ! _hasMakefile; then
    echo "no Makefile, doing nothing"
  else
    _make buildFlags buildFlagsArray
  fi
  runHook postBuild
}
checkPhase() {
  runHook preCheck
  # shellcheck disable=SC2034
  local _targets=${checkTarget:-check}
  _make checkFlags checkFlagsArray _targets
  runHook postCheck
}
installPhase() {
  runHook preInstall
  # shellcheck disable=SC2034
  local _targets=()
  concatTo _targets installTargets
  [ "${#_targets[@]}" -gt 0 ] || _targets=(install)
  [ -z "${makeFlags:-}" ] && ! _hasMakefile || _make installFlags installFlagsArray _targets
  runHook postInstall
}
fixupPhase() {
  runHook preFixup
  local output propagated=()
  for output in $_outputNames; do [ -e "${!output}" ] || mkdir -p "${!output}"; done
  concatTo propagated propagatedBuildInputs propagatedNativeBuildInputs
  output=${dev:-$out}
  if [ "${#propagated[@]}" -gt 0 ]; then
    mkdir -p "$output/nix-support"
    echo "${propagated[*]}" >"$output/nix-support/propagated-build-inputs"
  fi
  if [ -n "${setupHook:-}" ]; then
    mkdir -p "$output/nix-support"
    substituteAll "$setupHook" "$output/nix-support/setup-hook"
  fi
  runHook postFixup
}
installCheckPhase() {
  runHook preInstallCheck
  runHook postInstallCheck
}
genericBuild() {
  local list=() phase
  concatTo list phases
  if [ "${#list[@]}" -eq 0 ]; then
    _has dontUnpack || list+=(unpackPhase)
    _has dontPatch || list+=(patchPhase)
    concatTo list preConfigurePhases
    _has dontConfigure || list+=(configurePhase)
    concatTo list preBuildPhases
    _has dontBuild || list+=(buildPhase)
    ! _has doCheck || list+=(checkPhase)
    concatTo list preInstallPhases
    _has dontInstall || list+=(installPhase)
    concatTo list preFixupPhases
    _has dontFixup || list+=(fixupPhase)
    ! _has doInstallCheck || list+=(installCheckPhase)
  fi
  for phase in "${list[@]}"; do _runPhase "$phase"; done
}

if [ -n "${buildCommandPath:-}" ]; then
  # shellcheck disable=SC1090
  source "$buildCommandPath"
elif [ -n "${buildCommand:-}" ]; then
  eval "$buildCommand"
else
  genericBuild
fi
# Nix kills a builder whose output pipe closes early, as a last `exec`ed program can do:
# end with a shell builtin.
exit 0
