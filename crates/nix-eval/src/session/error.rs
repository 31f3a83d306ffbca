//! Errors as they leave a session: with all that it takes to show them.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::{self, Error as Inner, Kind};
use crate::ir;
use crate::report;
use crate::shared::Shared;

/// What evaluation gives.
pub type Result<T> = std::result::Result<T, Error>;

/// A position in a text that was read; [`Evaluator::place`](super::Evaluator::place) says where that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pos(pub(super) ir::Pos);

/// A place in a file or expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file; `None`: an expression.
    pub file: Option<Vec<u8>>,
    /// From 1.
    pub line: usize,
    /// In bytes, from 1.
    pub column: usize,
}

pub(super) fn place(shared: &Shared, pos: Pos) -> Option<Place> {
    let found = shared.place(pos.0)?;
    Some(Place { file: found.file, line: found.line, column: found.column })
}

/// A step of how evaluation got to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where.
    pub pos: Pos,
    /// "while evaluating …".
    pub text: String,
}

/// An error of evaluation, in Nix's words.
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
    /// Where positions are known; `None`: there is no place.
    shared: Option<Arc<Shared>>,
}

impl Error {
    /// An error without a place: what evaluation gave is not what was wanted.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { inner: Inner::new(kind, message), shared: None }
    }

    pub(super) fn of(inner: Box<Inner>, shared: &Arc<Shared>) -> Self {
        Self { inner, shared: Some(shared.clone()) }
    }

    /// The same error, of those of `names` that are close to `wanted` saying that they may have been meant.
    #[must_use]
    pub fn suggesting<'n>(mut self, wanted: &str, names: impl IntoIterator<Item = Cow<'n, str>>) -> Self {
        self.inner.suggestions = error::suggest(wanted, names);
        self
    }

    /// What kind of error it is.
    pub fn kind(&self) -> Kind {
        self.inner.kind
    }

    /// What is wrong: one line, most often.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// Names that may have been meant, best first.
    pub fn suggestions(&self) -> &[String] {
        &self.inner.suggestions
    }

    /// The position of what is wrong; `None`: there is none.
    pub fn pos(&self) -> Option<Pos> {
        (self.inner.pos != 0).then_some(Pos(self.inner.pos))
    }

    /// Where that is.
    pub fn place(&self) -> Option<Place> {
        place(self.shared.as_ref()?, self.pos()?)
    }

    /// How evaluation got there, innermost first.
    pub fn frames(&self) -> Vec<Frame> {
        let frames = self.inner.frames().into_iter();
        frames.map(|frame| Frame { pos: Pos(frame.pos), text: frame.text.clone().into_owned() }).collect()
    }

    /// Whether the text depends on what was evaluated before: where a cycle was entered, which parts of a value are
    /// not evaluated yet, which of several names is the older one.
    pub fn depends_on_order(&self) -> bool {
        self.inner.depends_on_order()
    }

    /// The message with the line of code and how evaluation got there, as a terminal shows it; with `trace` all of the
    /// way, in the order of evaluation.
    pub fn report(&self, trace: bool) -> String {
        match &self.shared {
            Some(shared) => report::render(shared, &self.inner, trace),
            None => report::render_without_place(&self.inner),
        }
    }
}

/// The message, with the second place of one that has two.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.shared {
            Some(shared) => f.write_str(&report::headline(shared, &self.inner)),
            None => f.write_str(&self.inner.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.inner).finish()
    }
}

impl std::error::Error for Error {}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self { inner: error.into(), shared: None }
    }
}

/// What is found out without evaluating anything has no place.
impl From<Box<Inner>> for Error {
    fn from(inner: Box<Inner>) -> Self {
        Self { inner, shared: None }
    }
}
