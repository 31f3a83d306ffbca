//! Findings as people, programs and GitHub read them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::guard::Out;
use super::{Diagnostic, Diagnostics, Severity, SourceId, SourceMap, Span, foreign};

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

/// Findings of a kind that a terminal shows.
const SHOWN: usize = 50;

/// Writes all findings, sorted, to `out`. Colour only if `colour`; the caller knows the terminal. Nothing in them
/// is obeyed, whoever's text it is.
pub fn emit(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    format: Format,
    colour: bool,
    out: &mut dyn Out,
) -> io::Result<()> {
    match format {
        Format::Text => emit_text(diagnostics, sources, colour, false, out),
        Format::Json => {
            let sorted = diagnostics.sorted(sources);
            let all: Vec<_> = sorted.into_iter().map(|d| json(d, sources)).collect();
            out.own(format!("{}\n", foreign::json(&serde_json::to_string_pretty(&all)?)).as_bytes())
        }
        Format::Sarif => emit_sarif(diagnostics, sources, &|code| code.summary(), out),
        Format::Github => {
            let sorted = diagnostics.sorted(sources);
            sorted.into_iter().try_for_each(|d| out.own(github(d, sources).as_bytes()))
        }
    }
}

/// As [`emit`] for code scanning, with more to be said of each code than its summary.
pub fn emit_sarif(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    explain: &dyn Fn(super::Code) -> &'static str,
    out: &mut dyn Out,
) -> io::Result<()> {
    let log = super::sarif::log(&diagnostics.sorted(sources), sources, explain);
    out.own(format!("{}\n", foreign::json(&serde_json::to_string_pretty(&log)?)).as_bytes())
}

/// As [`emit`] for people. With `fold`, of each kind the first 50 are shown and the others counted.
pub fn emit_text(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    colour: bool,
    fold: bool,
    out: &mut dyn Out,
) -> io::Result<()> {
    let mut of_kind: BTreeMap<super::Code, usize> = BTreeMap::new();
    for diagnostic in diagnostics.sorted(sources) {
        let count = of_kind.entry(diagnostic.code).or_default();
        *count += 1;
        if !fold || *count <= SHOWN {
            let text = text(diagnostic, sources, colour) + "\n\n";
            if colour { out.styled(&text)? } else { out.write_all(text.as_bytes())? }
        }
    }
    for (code, count) in of_kind.into_iter().filter(|(_, count)| fold && *count > SHOWN) {
        let (left, id) = (thousands(count - SHOWN), code.id());
        writeln!(out, "… and {left} more of {id}; --all shows them\n")?;
    }
    Ok(())
}

/// `19,950`.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An excerpt without what is obeyed or not seen; byte offsets stay.
fn printable(text: &str) -> Cow<'_, str> {
    let is_bad = |c: char| c != '\n' && foreign::is_unseen(c);
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let stand_in = |c: char| match (c, c.len_utf8()) {
        ('\t' | '\r', _) => " ",
        (_, 1) => "?",
        (_, 2) => "\u{bf}",
        (_, 3) => "\u{fffd}",
        _ => "\u{fffd}?",
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_bad(c) { out.push_str(stand_in(c)) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Lines between two places that are still shown in one excerpt.
const TOGETHER: usize = 200;

/// An excerpt of a file, as long as it must be: what it costs to show a finding does not depend on how long the
/// file is.
struct Excerpt<'t> {
    text: Cow<'t, str>,
    /// Where it begins.
    start: usize,
    first_line: usize,
}

impl<'t> Excerpt<'t> {
    /// The whole lines around some spans of a source.
    fn around(sources: &'t SourceMap, source: SourceId, spans: impl Iterator<Item = Span>) -> Self {
        let all = sources.text(source);
        let (mut start, mut end) = (all.len(), 0);
        for span in spans {
            let range = clamp(all, span);
            start = start.min(range.start);
            end = end.max(range.end);
        }
        // A span over a whole line ends where the next begins.
        let start = all[..start].rfind('\n').map_or(0, |at| at + 1);
        let end = all[end.max(start)..].find('\n').map_or(all.len(), |at| end.max(start) + at + 1);
        let first_line = sources.line_column(source, u32::try_from(start).unwrap_or(u32::MAX)).line;
        Self { text: printable(&all[start..end]), start, first_line }
    }

    /// A span of the file, in the excerpt.
    fn within(&self, span: Span) -> std::ops::Range<usize> {
        let local = |at: u32| (at as usize).saturating_sub(self.start);
        clamp(&self.text, Span::new(span.source, local(span.start)..local(span.end)))
    }

    fn snippet<'a, T: Clone>(&self, sources: &'a SourceMap, source: SourceId) -> Snippet<'a, T>
    where
        't: 'a,
    {
        let path = foreign::line(sources.path(source).as_str());
        Snippet::source(self.text.clone()).line_start(self.first_line).path(path)
    }
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
    let near = |label: &super::Label| {
        diagnostic.primary.as_ref().is_some_and(|primary| {
            let line = |span: Span| sources.line_column(span.source, span.start).line;
            primary.span.source == label.span.source
                && line(primary.span).abs_diff(line(label.span)) <= TOGETHER
        })
    };
    let (with_it, elsewhere): (Vec<_>, Vec<_>) = diagnostic.secondary.iter().partition(|label| near(label));
    let mut group: Group<'_> = match &diagnostic.primary {
        None => Group::with_title(title),
        Some(primary) => {
            let source = primary.span.source;
            let spans = with_it.iter().map(|label| label.span).chain([primary.span]);
            let excerpt = Excerpt::around(sources, source, spans);
            let secondary: Vec<_> = with_it
                .iter()
                .map(|label| {
                    let span = excerpt.within(label.span);
                    AnnotationKind::Context.span(span).label(printable(&label.message))
                })
                .collect();
            let mut main = AnnotationKind::Primary.span(excerpt.within(primary.span));
            if !primary.message.is_empty() {
                main = main.label(printable(&primary.message));
            }
            title.element(excerpt.snippet(sources, source).annotation(main).annotations(secondary))
        }
    };
    for label in elsewhere {
        let excerpt = Excerpt::around(sources, label.span.source, [label.span].into_iter());
        let span = excerpt.within(label.span);
        let annotation = AnnotationKind::Context.span(span).label(printable(&label.message));
        group = group.element(excerpt.snippet(sources, label.span.source).annotation(annotation));
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    arrows(&renderer.decor_style(DecorStyle::Ascii).render(&[group]))
}

/// A second file's place begins with an arrow as well: `:::` at the start of a line is what services of CI obey.
fn arrows(text: &str) -> String {
    let plain =
        |before: &str| before.chars().all(|c| matches!(c, ' ' | '\x1b' | '[' | ';' | 'm' | '0'..='9'));
    let arrow = |line: &str| match line.split_once(":::") {
        Some((before, rest)) if plain(before) => format!("{before}-->{rest}"),
        _ => line.to_owned(),
    };
    text.split('\n').map(arrow).collect::<Vec<_>>().join("\n")
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
    foreign::block(text).replace('%', "%25").replace('\n', "%0A")
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
    fn sarif_counts_characters_and_says_so() {
        let log: serde_json::Value =
            serde_json::from_str(&written("\u{1f600}é = prot\n", 9..13, Format::Sarif)).expect("JSON");
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let region = &run["results"][0]["locations"][0]["physicalLocation"]["region"];
        assert_eq!((&region["startColumn"], &region["endColumn"]), (&6.into(), &10.into()), "{region}");
    }

    #[test]
    fn a_kind_is_folded_on_a_terminal_only() {
        let mut sources = SourceMap::new();
        let id = sources.add("a", "x\n".repeat(3000));
        let mut all = Diagnostics::new();
        for line in 0..2050 {
            all.push(Diagnostic::new(Code::UnknownKey, Span::new(id, line * 2..line * 2 + 1), "unknown"));
        }
        all.push(Diagnostic::global(Code::BadUrl, "another"));
        let shown = |fold| {
            let mut out = Vec::new();
            emit_text(&all, &sources, false, fold, &mut out).expect("a Vec takes everything");
            String::from_utf8(out).expect("findings are UTF-8")
        };
        let (folded, whole) = (shown(true), shown(false));
        assert_eq!((folded.matches("PGF104]").count(), whole.matches("PGF104]").count()), (50, 2050));
        assert!(folded.contains("… and 2,000 more of PGF104; --all shows them\n"), "{folded}");
        assert!(folded.contains("another") && !whole.contains("more of"), "{folded}");
    }

    /// What showing a finding costs is what its excerpt is long: not what the file is.
    #[test]
    fn an_excerpt_is_as_long_as_it_must_be() {
        let mut sources = SourceMap::new();
        let id = sources.add("a", "abc = 1\n".repeat(20_000));
        let (first, last) = (Span::new(id, 0..3), Span::new(id, 159_992..159_995));
        for span in [first, Span::new(id, 80_000..80_003), last] {
            let excerpt = Excerpt::around(&sources, id, [span].into_iter());
            assert_eq!((&*excerpt.text, excerpt.within(span)), ("abc = 1\n", 0..3));
            assert_eq!(excerpt.first_line, span.start as usize / 8 + 1);
        }
        // Places far from each other are two excerpts.
        let finding = Diagnostic::new(Code::UnknownKey, last, "again").also(first, "the first");
        let shown = text(&finding, &sources, false);
        assert!(
            shown.lines().count() < 12 && shown.contains("a:20000:1") && shown.contains("a:1:1"),
            "{shown}"
        );
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
