//! What can go wrong: the kind, the message in Nix's words, where, and how evaluation got there.

use std::borrow::Cow;
use std::fmt;

use super::ir::Pos;

/// What kind of error it is; `builtins.tryEval` catches [`Kind::Throw`] and [`Kind::Assertion`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The text is no Nix.
    Syntax,
    /// A name that nothing binds.
    UndefinedVariable,
    /// `throw`.
    Throw,
    /// `abort`.
    Abort,
    /// `assert`.
    Assertion,
    /// A value of another type was expected.
    Type,
    /// An attribute or argument is missing.
    MissingAttribute,
    /// A value that needs itself.
    InfiniteRecursion,
    /// Calls nested too deeply.
    StackOverflow,
    /// More memory than `--max-memory` allows.
    MemoryLimit,
    /// Not allowed in pure mode.
    Restricted,
    /// Something is needed that would have to be fetched or built.
    Unavailable,
    /// A file could not be read.
    Io,
    /// Anything else.
    Other,
}

/// One step of how evaluation got to an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where; 0 for nowhere.
    pub pos: Pos,
    /// "while evaluating …".
    pub text: Cow<'static, str>,
}

/// An error of evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Its kind.
    pub kind: Kind,
    /// What Nix prints after `error: `.
    pub message: String,
    /// Where; 0 for nowhere.
    pub pos: Pos,
    /// A second place ("already defined at").
    pub other_pos: Option<Pos>,
    /// How evaluation got here, innermost first.
    pub frames: Vec<Frame>,
    /// Frames left out of `frames`.
    pub frames_left_out: usize,
    /// Names that may have been meant.
    pub suggestions: Vec<String>,
}

const MAX_FRAMES: usize = 256;

impl Error {
    /// An error without a place.
    pub fn new(kind: Kind, message: impl Into<String>) -> Box<Self> {
        Self::at(kind, message, 0)
    }

    /// An error at `pos`.
    pub fn at(kind: Kind, message: impl Into<String>, pos: Pos) -> Box<Self> {
        Box::new(Self {
            kind,
            message: message.into(),
            pos,
            other_pos: None,
            frames: Vec::new(),
            frames_left_out: 0,
            suggestions: Vec::new(),
        })
    }

    /// Adds a step.
    pub fn push(&mut self, pos: Pos, text: impl Into<Cow<'static, str>>) {
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(Frame { pos, text: text.into() });
        } else {
            self.frames_left_out += 1;
        }
    }

    /// The error with one more step.
    pub fn frame(mut self: Box<Self>, pos: Pos, text: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.push(pos, text);
        self
    }

    /// Whether `builtins.tryEval` catches it.
    pub fn is_catchable(&self) -> bool {
        matches!(self.kind, Kind::Throw | Kind::Assertion)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Up to three of `names` that are close to `wanted`, best first.
pub fn suggest<'n>(wanted: &str, names: impl IntoIterator<Item = Cow<'n, str>>) -> Vec<String> {
    let mut close: Vec<(usize, Cow<'n, str>)> = names
        .into_iter()
        .filter(|name| name.len().abs_diff(wanted.len()) <= 2)
        .map(|name| (strsim::damerau_levenshtein(wanted, &name), name))
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    close.sort();
    close.truncate(3);
    close.into_iter().map(|(_, name)| name.into_owned()).collect()
}
