//! Findings: what is wrong in somebody's files, where, and what to type.
//!
//! Owns [`Diagnostic`], the table of [`Code`]s, the [`SourceMap`] and how findings are written out
//! (text, JSON, GitHub annotations, SARIF). Must not know of TOML, Nix or the catalogue.

#[macro_use]
mod table_syntax;
#[macro_use]
mod table_overrides;
#[macro_use]
mod table_evaluated;
#[macro_use]
mod table_fetch;
#[macro_use]
mod table_drift;
#[macro_use]
mod table_accounts;

mod codes;
mod emit;
pub mod fix;
pub mod foreign;
pub mod guard;
mod sarif;
mod sources;

pub use codes::Code;
pub use emit::{Format, emit, emit_sarif, emit_text};
pub use sources::{LineColumn, SourceId, SourceMap, Span};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is written while one of these stands; exit code 1.
    Error,
    /// Shown; the exit code stays 0.
    Warning,
    /// As a warning, but nothing is amiss.
    Hint,
}

/// A place in a file with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said there; may be empty.
    pub message: String,
}

/// One replacement of text, part of a [`Fix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// A mechanical correction that is safe to apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What applying it does, in the imperative.
    pub title: String,
    /// The replacements; they do not overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule.
    pub code: Code,
    /// What is wrong, one line, lower case, no full stop.
    pub message: String,
    /// The place it is about; `None` when it is about no file.
    pub primary: Option<Label>,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// What to type.
    pub help: Vec<String>,
    /// A correction that can be applied without asking.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding at `span`.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { primary: Some(Label { span, message: String::new() }), ..Self::global(code, message) }
    }

    /// A finding about no particular place.
    pub fn global(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: visible(message.into()),
            primary: None,
            secondary: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// Sets the remark under the caret.
    #[must_use]
    pub fn label(mut self, message: impl Into<String>) -> Self {
        if let Some(primary) = &mut self.primary {
            primary.message = visible(message.into());
        }
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: visible(message.into()) });
        self
    }

    /// Adds a help line: what to type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(visible(help.into()));
        self
    }

    /// Adds a correction.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// As the code's table says.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Text quoted from somebody's file.
fn visible(text: String) -> String {
    match foreign::line(&text) {
        std::borrow::Cow::Borrowed(_) => text,
        std::borrow::Cow::Owned(shown) => shown,
    }
}

/// All findings of a run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }

    /// Adds many.
    pub fn extend(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.all.extend(diagnostics);
    }

    /// All of them, in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter()
    }

    /// Adds all of another sink.
    pub fn append(&mut self, other: Diagnostics) {
        self.all.extend(other.all);
    }

    /// Whether anything forbids going on.
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|d| d.severity() == Severity::Error)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The findings in the order of files, places and codes, each once.
    pub fn sorted(&self, sources: &SourceMap) -> Vec<&Diagnostic> {
        let mut all: Vec<&Diagnostic> = self.all.iter().collect();
        let key = |d: &Diagnostic| {
            let place = d.primary.as_ref().map(|l| (sources.path(l.span.source), l.span.start, l.span.end));
            (place.is_none(), place.map(|(p, s, e)| (p.to_owned(), s, e)), d.code, d.message.clone())
        };
        all.sort_by_cached_key(|d| key(d));
        all.dedup();
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The findings in the order they were made.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.all
    }

    /// How many are errors and how many are warnings.
    pub fn counts(&self) -> (usize, usize) {
        let count = |severity| self.all.iter().filter(|d| d.severity() == severity).count();
        (count(Severity::Error), count(Severity::Warning))
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

/// The candidate nearest to `word`, when it is near enough to be what was meant.
///
/// Case and the choice between `-` and `_` do not count; otherwise at most a third of the letters may
/// differ (Damerau-Levenshtein).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| s.to_lowercase().replace('_', "-");
    let folded = fold(word);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= word.chars().count().max(candidate.chars().count()).div_ceil(3)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The first of many names, and how many more there are.
pub fn few(names: &[impl AsRef<str>], most: usize) -> String {
    let shown = names.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 error`, `2 errors`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Bytes as people read them: `1.4 MiB`.
pub fn mib(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// How many bytes more or fewer: `+1.4 MiB`.
pub fn signed_mib(bytes: i128) -> String {
    let sign = if bytes < 0 { '-' } else { '+' };
    format!("{sign}{}", mib(u64::try_from(bytes.unsigned_abs()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_for_people() {
        assert_eq!((mib(0), mib(1), mib(3 << 20)), ("0.0 MiB".into(), "0.1 MiB".into(), "3.0 MiB".into()));
        assert_eq!((signed_mib(-(5 << 20)), signed_mib(1)), ("-5.0 MiB".into(), "+0.1 MiB".into()));
    }

    #[test]
    fn few_of_many() {
        assert_eq!(
            [few(&["a", "b"], 2), few(&["a", "b", "c"], 2), few(&[""; 0], 2)],
            ["a, b", "a, b and 1 more", ""]
        );
    }

    #[test]
    fn nearest_finds_what_was_meant_and_nothing_else() {
        assert_eq!(nearest("buildinputs", ["build-inputs", "hash"]), Some("build-inputs"));
        assert_eq!(nearest("hahs", ["build-inputs", "hash"]), Some("hash"));
        assert_eq!(nearest("colour", ["build-inputs", "hash"]), None);
    }
}
