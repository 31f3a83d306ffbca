//! What is wrong in a text: which kind of mistake, where, and what to type instead.
//!
//! The words are for people and quote the text as it stands: whoever shows them makes control characters harmless.

use std::ops::Range;

/// A range of bytes of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte after.
    pub end: usize,
}

impl Span {
    /// A range as a span.
    pub fn new(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end.max(range.start) }
    }

    /// As indices into the text.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// Kinds of mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Brackets nest deeper than is parsed.
    TooDeep,
    /// What has no kind of its own.
    Syntax,
    /// A bracket, string, comment or `let` without its end.
    Unclosed,
    /// A closing bracket that closes nothing, or another one.
    Unopened,
    /// A binding without its `;`.
    MissingSemicolon,
    /// An attribute that is bound twice.
    DuplicateAttribute,
    /// An argument that is named twice.
    DuplicateFormal,
}

/// A place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is to be said there; may be empty.
    pub message: String,
}

/// A correction that is surely right: a text to be inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insertion {
    /// What it does, in the imperative.
    pub title: String,
    /// Before which byte.
    pub at: usize,
    /// What.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which kind.
    pub kind: ErrorKind,
    /// What is wrong: one line, lower case, no full stop.
    pub message: String,
    /// The place it is about.
    pub primary: Label,
    /// Other places that explain it.
    pub secondary: Vec<Label>,
    /// What to type.
    pub help: Vec<String>,
    /// A correction that can be made without asking.
    pub fix: Option<Insertion>,
}

impl SyntaxError {
    pub(crate) fn new(kind: ErrorKind, span: Span, message: impl Into<String>) -> Self {
        let primary = Label { span, message: String::new() };
        Self { kind, message: message.into(), primary, secondary: Vec::new(), help: Vec::new(), fix: None }
    }

    /// Sets the remark at the place.
    pub(crate) fn label(mut self, message: impl Into<String>) -> Self {
        self.primary.message = message.into();
        self
    }

    /// Adds another place.
    pub(crate) fn also(mut self, span: Span, message: impl Into<String>) -> Self {
        self.secondary.push(Label { span, message: message.into() });
        self
    }

    /// Adds what to type.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a correction.
    pub(crate) fn insert(mut self, title: &str, at: usize, text: &str) -> Self {
        self.fix = Some(Insertion { title: title.into(), at, text: text.into() });
        self
    }
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SyntaxError {}
