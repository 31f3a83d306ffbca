# shellcheck shell=bash disable=SC2016
# makeWrapper PROGRAM WRAPPER ARGS… and wrapProgram PROGRAM ARGS…, with nixpkgs' arguments.
makeWrapper() {
  local program=$1 wrapper=$2 flags=() argv0='$0'
  shift 2
  mkdir -p "$(dirname "$wrapper")"
  {
    echo "#! $SHELL -e"
    while [ $# -gt 0 ]; do
      case $1 in
        --set) printf 'export %s=%q\n' "$2" "$3"; shift 3 ;;
        --set-default) printf 'export %s=${%s-%q}\n' "$2" "$2" "$3"; shift 3 ;;
        --unset) printf 'unset %s\n' "$2"; shift 2 ;;
        --chdir) printf 'cd %q\n' "$2"; shift 2 ;;
        --run) printf '%s\n' "$2"; shift 2 ;;
        --prefix) printf 'export %s=%q${%s:+%q$%s}\n' "$2" "$4" "$2" "$3" "$2"; shift 4 ;;
        --suffix) printf 'export %s=${%s:+$%s%q}%q\n' "$2" "$2" "$2" "$3" "$4"; shift 4 ;;
        --add-flag) flags+=("$(printf %q "$2")"); shift 2 ;;
        --add-flags) flags+=("$2"); shift 2 ;;
        --argv0) argv0=$2; shift 2 ;;
        --inherit-argv0) argv0='$0'; shift ;;
        *) echo "error: makeWrapper: unknown argument $1" >&2; return 1 ;;
      esac
    done
    printf 'exec -a "%s" %q %s "$@"\n' "$argv0" "$program" "${flags[*]}"
  } >"$wrapper"
  chmod 755 "$wrapper"
}
wrapProgram() {
  local program=$1 hidden
  hidden=$(dirname "$program")/.$(basename "$program")-wrapped
  while [ -e "$hidden" ]; do hidden=${hidden}_; done
  mv "$program" "$hidden"
  shift
  makeWrapper "$hidden" "$program" --inherit-argv0 "$@"
}
makeBinaryWrapper() { makeWrapper "$@"; }
makeShellWrapper() { makeWrapper "$@"; }
wrapProgramShell() { wrapProgram "$@"; }
wrapProgramBinary() { wrapProgram "$@"; }
