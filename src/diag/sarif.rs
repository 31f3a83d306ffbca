//! Findings as SARIF 2.1.0, which code scanning services read.

use serde_json::{Value, json};

use super::{Code, Diagnostic, Severity, SourceMap, Span};

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

/// A path as a URI reference: what RFC 3986 does not allow in a path is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'+' | b'@' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Columns are in characters (`columnKind` says so); both from 1, the end exclusive.
fn region(span: Span, sources: &SourceMap) -> Value {
    let (start, end) =
        (sources.line_column(span.source, span.start), sources.line_column(span.source, span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn location(span: Span, sources: &SourceMap) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(sources.path(span.source).as_str()) },
            "region": region(span, sources),
        },
    })
}

fn result(diagnostic: &Diagnostic, rules: &[Code], sources: &SourceMap) -> Value {
    let mut message = diagnostic.message.clone();
    for help in &diagnostic.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let mut value = json!({
        "ruleId": diagnostic.code.id(),
        "ruleIndex": rules.iter().position(|code| *code == diagnostic.code),
        "level": level(diagnostic.severity()),
        "message": { "text": message },
    });
    if let Some(primary) = &diagnostic.primary {
        value["locations"] = json!([location(primary.span, sources)]);
    }
    if !diagnostic.secondary.is_empty() {
        let related = diagnostic.secondary.iter().map(|label| {
            let mut place = location(label.span, sources);
            place["message"] = json!({ "text": label.message });
            place
        });
        value["relatedLocations"] = related.collect();
    }
    if let (Some(fix), Some(primary)) = (&diagnostic.fix, &diagnostic.primary) {
        let replacements: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                json!({
                    "deletedRegion": region(edit.span, sources),
                    "insertedContent": { "text": edit.replacement },
                })
            })
            .collect();
        value["fixes"] = json!([{
            "description": { "text": fix.title },
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(sources.path(primary.span.source).as_str()) },
                "replacements": replacements,
            }],
        }]);
    }
    value
}

/// One run with the rules that its findings have.
pub(super) fn log(
    findings: &[&Diagnostic],
    sources: &SourceMap,
    explain: &dyn Fn(Code) -> &'static str,
) -> Value {
    let mut rules: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    rules.sort();
    rules.dedup();
    let described: Vec<Value> = rules
        .iter()
        .map(|code| {
            json!({
                "id": code.id(),
                "name": format!("{code:?}"),
                "shortDescription": { "text": code.summary() },
                "fullDescription": { "text": explain(*code) },
                "defaultConfiguration": { "level": level(code.severity()) },
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pgflakegen",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            } },
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(|finding| result(finding, &rules, sources)).collect::<Vec<_>>(),
        }],
    })
}
