# shellcheck shell=bash
# `make installcheck` of an extension's source, in whose folder this runs, on a server with what was built. The
# arguments are make's. Each test that fails must be known, and each that is known must fail. The report goes to $out.
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=../tools/catalogue.sh
source "${PGFLAKEGEN_CATALOGUE_SH:?}"
# shellcheck source-path=SCRIPTDIR source=../tools/cluster.sh
source "${PGFLAKEGEN_CLUSTER_SH:?}"

name=${PGFLAKEGEN_NAME:?} bin=${PGFLAKEGEN_BIN:?} tests=${PGFLAKEGEN_TESTS:?}
work=$(mktemp -d)
report=$work/report
: >"$work/more"
export PGHOST=$work PGPORT=5432 PGDATABASE=postgres PGUSER=$superuser PATH=$bin/bin:$PATH LC_ALL=C

say() {
  printf '%s\n' "$*" | printable_lines >>"$report"
}

# What was said last is what Nix shows of a build that fails.
finish() { # STATUS
  printf '\n' >&2
  cat "$report" >&2
  if (($1 == 0)); then
    # The report keeps nothing in the store.
    cat "$report" "$work/more" | sed -E "s|$work|.|g; s|${NIX_STORE:-/nix/store}/[0-9a-z]{32}-||g" >"${out:?}"
  fi
  exit "$1"
}

# One that has gone wrong from its first line on would fill the log.
show_files() { # NAME
  local files file
  files=$(find . -name "$1" -size +0 | sort)
  while IFS= read -r file; do
    if [[ -n $file ]]; then
      printf '\n== %s\n' "$file"
      head -n 1000 "$file"
    fi
  done <<<"$files" | printable_lines
}

# Some install first what the server has already, as what is in the store seems to be old: nothing is.
make_here() { # ARGUMENT…
  make --no-print-directory PG_CONFIG="${PGFLAKEGEN_PG_CONFIG:?}" INSTALL=: "$@"
}

init_cluster "$work/data" "$name" "$bin" --no-sync >&2
start_private "$bin" "$work/data" "$work" 5432 "$work/log" -c fsync=off
trap 'stop_cluster "$bin" "$work/data"' EXIT

server=$(postgres --version)
say "== $server: installcheck of ${PGFLAKEGEN_EXTENSION:?} ${PGFLAKEGEN_VERSION:?}"

# What would be run; some Makefiles ask the server for it.
status=0
if compgen -G '[mM]akefile' >/dev/null || [[ -e GNUmakefile ]]; then
  make_here "$@" --dry-run installcheck >"$work/planned" 2>"$work/refused" || status=$?
else
  : >"$work/planned"
fi
if ((status > 0)) && ! grep -q "No rule to make target 'installcheck'" "$work/refused"; then
  printable_lines <"$work/refused" >&2
  say "not ok: make cannot tell what installcheck would run"
  finish 1
fi
if ((status > 0)) || ! grep -qE '(^|[/ ])(pg_regress|pg_isolation_regress|prove)( |$)' "$work/planned"; then
  say "this source has no tests of its own"
  finish 0
fi

# What is to be skipped is taken out of the lists that PGXS has; those of a schedule are not among them.
arguments=()
skipped=$(jq --raw-output '.skip[].test' <<<"$tests")
if [[ -n $skipped ]]; then
  declare -A skip=()
  while IFS= read -r test; do skip[$test]=1; done <<<"$skipped"
  for variable in REGRESS ISOLATION; do
    listed=$(make_here "$@" --silent --eval "pgflakegen-list: ; @:\$(info \$($variable))" pgflakegen-list)
    # A Makefile may say something before.
    read -ra words <<<"${listed##*$'\n'}"
    kept=()
    for word in "${words[@]}"; do
      if [[ -n ${skip[$word]-} ]]; then
        skip[$word]=2
      else
        kept+=("$word")
      fi
    done
    if ((${#kept[@]} < ${#words[@]})); then arguments+=("$variable=${kept[*]}"); fi
  done
  # Those in Perl are whatever lies there. PGXS runs all where none is named.
  count=0 kept=()
  for file in t/*.pl; do
    test=${file#t/} test=${test%.pl}
    ((count += 1))
    if [[ -n ${skip[$test]-} ]]; then
      skip[$test]=2
    else
      kept+=("$file")
    fi
  done
  if ((${#kept[@]} == 0)); then
    arguments+=(TAP_TESTS=)
  elif ((${#kept[@]} < count)); then
    arguments+=("PROVE_TESTS=${kept[*]}")
  fi
  reasons=$(jq --raw-output '.skip[] | [.test, .reason] | @tsv' <<<"$tests")
  while IFS=$'\t' read -r test reason; do
    if [[ ${skip[$test]} == 2 ]]; then
      say "skipped: $test ($reason)"
    else
      say "not ok: $test is to be skipped, and this source has no such test: take it from the list"
      wrong=1
    fi
  done <<<"$reasons"
fi

# All lists are run, also when a test of the first fails.
status=0
make_here "$@" --ignore-errors "${arguments[@]}" installcheck 2>&1 | printable_lines | tee "$work/said" >&2 || status=$?

# pg_regress says `test NAME ... ok`, since 16 `ok 1 - NAME`; prove `t/NAME.pl .. ok`.
declare -A result=()
runs=0 excused=0 errors=0
while IFS= read -r line; do
  if [[ $line =~ ^(test\ |\ +)([^ ]+)\ +\.\.\.\ (ok|FAILED|failed) ]]; then
    test=${BASH_REMATCH[2]} now=${BASH_REMATCH[3]}
  elif [[ $line =~ ^(ok|not\ ok)\ +[0-9]+\ +[-+]\ ([^ ]+)\ +[0-9]+\ ms ]]; then
    test=${BASH_REMATCH[2]} now=${BASH_REMATCH[1]}
  elif [[ $line =~ ([^/ ]+)\.pl\ \.\.+\ *(ok|skipped)? ]]; then
    test=${BASH_REMATCH[1]} now=${BASH_REMATCH[2]:-failed}
  else
    case $line in
      # One each: of a list with a test that failed, and of what make would have ended with.
      *" tests failed"* | *" test failed"* | "Result: FAIL") ((excused += 1)) ;;
      # pg_regress that bails out leaves its line open.
      *make*": ["*"] Error "*"(ignored)") ((errors += 1)) ;;
      *"TAP tests not enabled"*) say "not run: tests in Perl, for which this PostgreSQL is built without --enable-tap-tests" ;;
      *) ;;
    esac
    continue
  fi
  ((runs += 1))
  if [[ $now == ok || $now == skipped ]]; then now=ok; else now=failed; fi
  # A name may be there in several lists.
  if [[ ${result[$test]-} != failed ]]; then result[$test]=$now; fi
done <"$work/said"

wrong=${wrong:-0}
known=$(jq --raw-output '.known[] | [.test, .reason] | @tsv' <<<"$tests")
while IFS=$'\t' read -r test reason; do
  case ${test:+${result[$test]-none}} in
    failed) say "known: $test fails ($reason)" && result[$test]=known ;;
    ok) say "not ok: $test passes now: take it from the list of known failures" && wrong=1 ;;
    none) say "not ok: $test is known to fail, and this source has no such test: take it from the list" && wrong=1 ;;
    *) ;;
  esac
done <<<"$known"
passed=0 failed=()
for test in "${!result[@]}"; do
  case ${result[$test]} in
    failed) failed+=("$test") ;;
    ok) ((passed += 1)) ;;
    *) ;;
  esac
done
if ((${#failed[@]} > 0)); then
  printf 'not ok: %s fails\n' "${failed[@]}" | sort >>"$report"
  wrong=1
fi
if ((status > 0 || errors > excused)); then
  say "not ok: make installcheck fails, and not by a test alone"
  wrong=1
elif ((runs == 0)); then
  say "not ok: make installcheck ran no test"
  wrong=1
fi
say "$passed of ${#result[@]} tests pass"
if ((wrong > 0)); then
  {
    show_files regression.diffs
    printf '\n== the end of the server'\''s log\n'
    tail -n 30 "$work/log" | printable_lines
    printf '\n%s is where that was: it stays with `nix build --keep-failed`.\n' "$PWD"
  } >&2
  finish 1
fi
{
  show_files regression.diffs
  printf '\n== make installcheck\n'
  cat "$work/said"
} >"$work/more"
finish 0
