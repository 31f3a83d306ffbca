# The one check that is required: NEEDS, the jobs before it as JSON, must have succeeded or had nothing to do.
set -euo pipefail

failed=$(jq --raw-output '
  to_entries[] | select(.value.result != "success" and .value.result != "skipped") | "\(.key): \(.value.result)"
' <<<"${NEEDS:?}")
plan=$(jq --raw-output '.plan.result' <<<"$NEEDS")
if [[ -n $failed ]]; then
  printf '%s\n' "$failed" >&2
  # A machine that runs out of memory is "cancelled", without a step that failed.
  if grep -q ': cancelled$' <<<"$failed"; then
    echo 'what was cancelled by nobody ran out of memory or time' >&2
  fi
  exit 1
fi
if [[ $plan != success ]]; then
  echo "there is no plan: $plan" >&2
  exit 1
fi
echo 'all is well'
