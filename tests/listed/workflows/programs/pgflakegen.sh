# The program itself, with tests/hostpkgs for nixpkgs; upstream is what BEHAVIOUR says.
set -euo pipefail
inputs=(--override-input nixpkgs 'path:@hostpkgs@')
case "$1 ${2:-}" in
  'ci plan')
    shift 2
    if [[ $BEHAVIOUR == evaluation ]]; then
      echo '::error file=catalogue/extensions/pgvector.toml,line=11::PGF414 does not evaluate' >&2
      exit 1
    fi
    exec '@program@' ci plan --offline "$@" "${inputs[@]}"
    ;;
  'sbom '*)
    # The same of all runs.
    shift
    bill=$STATE/sbom-$(printf '%s' "$*" | tr -c 'a-z0-9_.-' _)
    if [[ ! -e $bill ]]; then
      '@program@' sbom "$@" "${inputs[@]}" >"$bill.new"
      mv "$bill.new" "$bill"
    fi
    cat "$bill"
    ;;
  'drv-diff '* | 'check '*)
    command=$1
    shift
    exec '@program@' "$command" "$@" "${inputs[@]}"
    ;;
  'outdated '*)
    if [[ $BEHAVIOUR == nothing ]]; then echo '{"version":1,"findings":[],"outdated":[]}' && exit 0; fi
    echo '{"version":1,"findings":[],"outdated":[{"name":"pgvector"}]}'
    exit 1
    ;;
  'bump '*)
    git commit --quiet --allow-empty --message "pgvector: 0.8.0 -> 9.9.9"
    echo '{"version":1,"findings":[],"bumped":[{"name":"pgvector","from":"0.8.0","to":"9.9.9","postgresql":["17"],"changelog":"https://example.org/changelog","compare":null,"remarks":[]}]}'
    ;;
  *) exec '@program@' "$@" ;;
esac
