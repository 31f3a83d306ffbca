# shellcheck shell=bash disable=SC2154
# The report of an upgrade as JSON and as HTML. What servers say is text in both, whatever it looks like.

# What is given with --report.
check_reports() {
  local report
  for report in "${reports[@]}"; do
    if [[ $report != *.json && $report != *.html ]]; then
      die "--report $report: the name must end in .json or .html"
    fi
    # Said now, and not when all is done.
    if ! { : >"$report"; } 2>/dev/null; then
      die "--report $report: it cannot be written"
    fi
  done
}

in_seconds() { # MICROSECONDS
  printf '%d.%02d' "$(($1 / 1000000))" "$(($1 / 10000 % 100))"
}

disk='' statistics_before='' statistics_after=''

print_measured() {
  local seconds downtime
  seconds=$(in_seconds "$took")
  downtime=$(in_seconds "$down")
  printf '%s took %s s, in %s s of them nobody can write; %s MiB of disk; %s of %s columns have statistics.\n' "$method" "$seconds" \
    "$downtime" "$((disk / 1024 / 1024))" "$statistics_after" "$statistics_before"
}

report_as_json() { # VERDICT
  local name
  : >"$work/obstacles"
  if ((${#obstacles[@]} > 0)); then
    printf '%s\0' "${obstacles[@]}" >"$work/obstacles"
  fi
  : >"$work/stayed"
  if ((${#not_updated[@]} > 0)); then
    printf '%s\0' "${not_updated[@]}" >"$work/stayed"
  fi
  touch "$work/compared.all" "$work/differences"
  name=$data
  # A password is nobody's business.
  if [[ $source_kind == server ]]; then name="(a server)"; fi
  jq --null-input --arg verdict "$1" --arg method "$method" --arg old "$old_name" --arg new "$new_name" \
    --arg old_bin "$old_bin" --arg new_bin "$new_bin" --arg data "$name" \
    --argjson took "$took" --argjson down "$down" --argjson disk "${disk:-null}" \
    --argjson before "${statistics_before:-null}" --argjson after "${statistics_after:-null}" \
    --rawfile stayed "$work/stayed" --rawfile obstacles "$work/obstacles" --rawfile compared "$work/compared.all" --rawfile differences "$work/differences" '
    def records($n): (split("\u0000") | .[:-1]) as $all
      | [range(0; $all | length; $n) as $at | $all[$at:$at + $n]];
    ($compared | records(6)) as $rows | {
      verdict: $verdict, method: $method,
      old: { name: $old, path: $old_bin }, new: { name: $new, path: $new_bin },
      data: (if $data == "" then null else $data end),
      before: [$obstacles | records(4)[] | { level: .[0], database: .[1], what: .[2], "what-to-do": .[3] }],
      measured: (if $disk == null then null else {
        seconds: ($took / 1000000), "seconds-without-writing": ($down / 1000000), "disk-bytes": $disk,
        "columns-with-statistics": { old: $before, new: $after } } end),
      "not-updated": [$stayed | records(3)[] | { database: .[0], extension: .[1], why: .[2] }],
      compared: [$rows[] | { kind: .[0], name: .[1], old: .[2], new: .[3], result: .[4] }],
      "not-carried": [$rows[] | select(.[4] == "not carried") | { kind: .[0], name: .[1], why: .[5] }],
      different: [$rows[] | select(.[4] == "different") | { kind: .[0], name: .[1], old: .[2], new: .[3] }],
      "first-differences": $differences
    }'
}

report_as_html() {
  # shellcheck disable=SC2016
  jq --raw-output '
    def cells(tag): map("<\(tag)>\(. // "" | tostring | @html)</\(tag)>") | "<tr>" + join("") + "</tr>";
    def table($head; rows): "<table>", ($head | cells("th")), (rows | cells("td")), "</table>";
    "<!doctype html>", "<html lang=\"en\"><meta charset=\"utf-8\">",
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;\">",
    "<title>PostgreSQL \(.old.name | @html) to \(.new.name | @html) by \(.method | @html)</title>",
    "<style>body { font: 15px/1.4 sans-serif; margin: 2em } td, th { text-align: left; vertical-align: top; padding: 0 1em 0 0 }",
    "td { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 40em } pre { overflow: auto }</style>",
    "<h1>PostgreSQL \(.old.name | @html) to \(.new.name | @html) by \(.method | @html): \(.verdict | @html)</h1>",
    (if .measured then "<h2>Measured</h2>", table(["seconds", "of them nobody can write", "bytes of disk", "columns with statistics, before and after"];
      .measured | [.seconds, ."seconds-without-writing", ."disk-bytes",
        "\(."columns-with-statistics".old), \(."columns-with-statistics".new)"]) else empty end),
    (if .before == [] then empty else "<h2>Before</h2>", table(["", "database", "what", "what to do"];
      .before[] | [.level, .database, .what, ."what-to-do"]) end),
    (if ."not-updated" == [] then empty else "<h2>Extensions that stay in their version</h2>", table(["database", "extension", "why"];
      ."not-updated"[] | [.database, .extension, .why]) end),
    (if .different == [] then empty else "<h2>Different</h2>", table(["kind", "name", "old", "new"];
      .different[] | [.kind, .name, .old, .new]), "<pre>\(."first-differences" | @html)</pre>" end),
    (if ."not-carried" == [] then empty else "<h2>Not carried by this method</h2>", table(["kind", "name", "why"];
      ."not-carried"[] | [.kind, .name, .why]) end),
    (if .compared == [] then empty else "<h2>Compared</h2>", table(["kind", "name", "old", "new", "result"];
      .compared[] | [.kind, .name, .old, .new, .result]) end),
    "</html>"' "$1"
}

write_reports() { # VERDICT
  local report
  if ((${#reports[@]} == 0)); then
    return
  fi
  report_as_json "$1" >"$work/report.json"
  for report in "${reports[@]}"; do
    if [[ $report == *.html ]]; then
      report_as_html "$work/report.json" >"$report" || die "$report cannot be written"
    else
      cp -- "$work/report.json" "$report" || die "$report cannot be written"
    fi
  done
}
