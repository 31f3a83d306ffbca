//! Findings as people, programs and GitHub read them.

use std::fmt::Write as _;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::{Diagnostic, Diagnostics, Severity, SourceMap, Span};

/// How findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: excerpt, caret, help.
    #[default]
    Text,
    /// An array of objects, one per finding.
    Json,
    /// GitHub workflow commands (`::error file=…`), which become annotations of a pull request.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Writes all findings, sorted, to `out`. Colour only if `colour`; the caller knows the terminal.
pub fn emit(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    format: Format,
    colour: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let sorted = diagnostics.sorted(sources);
    match format {
        Format::Text => {
            for diagnostic in sorted {
                writeln!(out, "{}\n", text(diagnostic, sources, colour))?;
            }
            Ok(())
        }
        Format::Json => {
            let all: Vec<_> = sorted.into_iter().map(|d| json(d, sources)).collect();
            serde_json::to_writer_pretty(&mut *out, &all)?;
            writeln!(out)
        }
        Format::Sarif => {
            serde_json::to_writer_pretty(&mut *out, &super::sarif::log(&sorted, sources))?;
            writeln!(out)
        }
        Format::Github => sorted.into_iter().try_for_each(|d| out.write_all(github(d, sources).as_bytes())),
    }
}

/// Tabs and control characters as something with a width; byte offsets stay.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c.len_utf8() == 1 { ' ' } else { c }).collect()
}

/// A span that lies within the text and on character boundaries, whatever came in.
fn clamp(text: &str, span: Span) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.range().start);
    start..floor(span.range().end).max(start)
}

fn text(diagnostic: &Diagnostic, sources: &SourceMap, colour: bool) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::NOTE,
    };
    let title = level.primary_title(printable(&diagnostic.message)).id(diagnostic.code.id());
    let mut group: Group<'_> = match &diagnostic.primary {
        None => Group::with_title(title),
        Some(primary) => {
            let source = primary.span.source;
            let shown = printable(sources.text(source));
            let secondary = diagnostic
                .secondary
                .iter()
                .filter(|label| label.span.source == source)
                .map(|l| AnnotationKind::Context.span(clamp(&shown, l.span)).label(printable(&l.message)))
                .collect::<Vec<_>>();
            let mut main = AnnotationKind::Primary.span(clamp(&shown, primary.span));
            if !primary.message.is_empty() {
                main = main.label(printable(&primary.message));
            }
            title.element(
                Snippet::source(shown)
                    .path(sources.path(source).as_str())
                    .annotation(main)
                    .annotations(secondary),
            )
        }
    };
    let elsewhere = diagnostic
        .secondary
        .iter()
        .filter(|l| diagnostic.primary.as_ref().is_none_or(|p| p.span.source != l.span.source));
    for label in elsewhere {
        let shown = printable(sources.text(label.span.source));
        let span = clamp(&shown, label.span);
        group = group.element(
            Snippet::source(shown)
                .path(sources.path(label.span.source).as_str())
                .annotation(AnnotationKind::Context.span(span).label(printable(&label.message))),
        );
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Ascii).render(&[group])
}

fn place(span: Span, sources: &SourceMap) -> serde_json::Value {
    let start = sources.line_column(span.source, span.start);
    let end = sources.line_column(span.source, span.end);
    serde_json::json!({
        "file": sources.path(span.source),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
    })
}

fn json(diagnostic: &Diagnostic, sources: &SourceMap) -> serde_json::Value {
    let with_message = |label: &super::Label| {
        let mut value = place(label.span, sources);
        value["message"] = label.message.clone().into();
        value
    };
    serde_json::json!({
        "code": diagnostic.code.id(),
        "severity": diagnostic.severity(),
        "message": diagnostic.message,
        "place": diagnostic.primary.as_ref().map(with_message),
        "related": diagnostic.secondary.iter().map(with_message).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| serde_json::json!({
            "title": fix.title,
            "edits": fix.edits.iter().map(|edit| {
                let mut value = place(edit.span, sources);
                value["replacement"] = edit.replacement.clone().into();
                value
            }).collect::<Vec<_>>(),
        })),
    })
}

/// Escapes a workflow command's message; see "Workflow commands for GitHub Actions".
pub(super) fn github_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a workflow command's property.
pub(super) fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

fn github(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut line = String::from(match diagnostic.severity() {
        Severity::Error => "::error ",
        Severity::Warning => "::warning ",
        Severity::Hint => "::notice ",
    });
    if let Some(primary) = &diagnostic.primary {
        let start = sources.line_column(primary.span.source, primary.span.start);
        let end = sources.line_column(primary.span.source, primary.span.end);
        let file = github_property(sources.path(primary.span.source).as_str());
        let _ = write!(line, "file={file},line={},endLine={}", start.line, end.line);
        if start.line == end.line {
            let _ = write!(line, ",col={},endColumn={}", start.column, end.column);
        }
        line.push(',');
    }
    let mut message = diagnostic.message.clone();
    if let Some(primary) = diagnostic.primary.as_ref().filter(|p| !p.message.is_empty()) {
        message.push_str(": ");
        message.push_str(&primary.message);
    }
    for help in &diagnostic.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    let _ = writeln!(line, "title={}::{}", github_property(diagnostic.code.id()), github_data(&message));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Code;
    use proptest::prelude::*;

    fn written(text: &str, range: std::ops::Range<usize>, format: Format) -> String {
        let mut sources = SourceMap::new();
        let id = sources.add("catalogue/flake.toml", text);
        let mut all = Diagnostics::new();
        all.push(
            Diagnostic::new(Code::UnknownKey, Span::new(id, range), "unknown key `prot`")
                .label("not known here")
                .help("did you mean `port`?"),
        );
        let mut out = Vec::new();
        emit(&all, &sources, format, false, &mut out).expect("a Vec takes everything");
        String::from_utf8(out).expect("findings are UTF-8")
    }

    #[test]
    fn every_format_names_file_line_code_and_help() {
        for format in [Format::Text, Format::Json, Format::Github, Format::Sarif] {
            let text = written("# é\nprot = 1\n", 5..9, format);
            for part in ["PGF104", "catalogue/flake.toml", "2", "unknown key `prot`", "did you mean `port`?"]
            {
                assert!(text.contains(part), "{format:?} lacks {part}: {text}");
            }
        }
    }

    #[test]
    fn github_commands_stay_on_one_line() {
        let line = written("a\n", 0..1, Format::Github);
        assert_eq!(line.lines().count(), 1);
        assert!(
            line.starts_with("::error file=catalogue/flake.toml,line=1,endLine=1,col=1,endColumn=2,"),
            "{line}"
        );
    }

    proptest! {
        #[test]
        fn any_text_and_any_span_can_be_shown(text in "(?s).{0,60}", start in 0usize..80, len in 0usize..80) {
            for format in [Format::Text, Format::Json, Format::Github, Format::Sarif] {
                written(&text, start..start + len, format);
            }
        }
    }
}
