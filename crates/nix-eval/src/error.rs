//! What can go wrong: the kind, the message in Nix's words, where, and how evaluation got there.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

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
    /// More steps than the settings allow.
    StepLimit,
    /// More time than `--max-time` allows.
    TimeLimit,
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

/// How a value needs itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cycle {
    None,
    /// The thunk at this address was found to be under way; it was not come back to yet.
    Open(usize),
    /// Come back to after so many frames.
    Closed(usize),
}

#[derive(Debug, PartialEq, Eq)]
struct Step {
    frame: Frame,
    inner: Option<Arc<Step>>,
}

/// An error of evaluation. Each thunk on the way keeps a copy, so copies share what is long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Its kind.
    pub kind: Kind,
    /// What Nix prints after `error: `.
    pub message: Arc<str>,
    /// Where; 0 for nowhere.
    pub pos: Pos,
    /// A second place ("already defined at").
    pub other_pos: Option<Pos>,
    trace: Option<Arc<Step>>,
    depth: usize,
    cycle: Cycle,
    /// Names that may have been meant.
    pub suggestions: Vec<String>,
    /// What else may help: lines, as they are shown.
    pub hint: Option<Arc<str>>,
    /// Of several names the message has the one that is first in the order of symbols, which is that
    /// in which files were parsed.
    pub by_order: bool,
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
            message: message.into().into(),
            pos,
            other_pos: None,
            trace: None,
            depth: 0,
            cycle: Cycle::None,
            suggestions: Vec::new(),
            hint: None,
            by_order: false,
        })
    }

    /// Whether the text depends on what was evaluated before: where a cycle was entered, which parts of a value are
    /// thunks still, which of several names is the older one.
    pub fn depends_on_order(&self) -> bool {
        match self.kind {
            _ if self.by_order => true,
            Kind::InfiniteRecursion => true,
            Kind::Throw | Kind::Abort | Kind::MemoryLimit | Kind::TimeLimit => false,
            _ => self.message.contains(['{', '[']) && !self.message.starts_with("assertion '"),
        }
    }

    /// The thunk at this address needs itself.
    pub fn recursion(thunk: usize) -> Box<Self> {
        let mut error = Self::new(Kind::InfiniteRecursion, "infinite recursion encountered");
        error.cycle = Cycle::Open(thunk);
        error
    }

    /// Whether the steps that are added belong to a cycle.
    pub fn in_cycle(&self) -> bool {
        matches!(self.cycle, Cycle::Open(_))
    }

    /// Evaluation of the thunk at this address ends here: a cycle that began with it is complete.
    pub fn leave(&mut self, thunk: usize) {
        if self.cycle == Cycle::Open(thunk) {
            self.cycle = Cycle::Closed(self.depth.min(MAX_FRAMES));
        }
    }

    /// How many of the frames, the innermost, are a cycle.
    pub fn cycle_frames(&self) -> usize {
        if let Cycle::Closed(frames) = self.cycle { frames } else { 0 }
    }

    /// Adds a step.
    pub fn push(&mut self, pos: Pos, text: impl Into<Cow<'static, str>>) {
        self.depth += 1;
        if self.depth <= MAX_FRAMES {
            let inner = self.trace.take();
            self.trace = Some(Arc::new(Step { frame: Frame { pos, text: text.into() }, inner }));
        }
    }

    /// The error with one more step.
    pub fn frame(mut self: Box<Self>, pos: Pos, text: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.push(pos, text);
        self
    }

    /// How evaluation got here, innermost first.
    pub fn frames(&self) -> Vec<&Frame> {
        let steps = std::iter::successors(self.trace.as_deref(), |step| step.inner.as_deref());
        let mut frames: Vec<_> = steps.map(|step| &step.frame).collect();
        frames.reverse();
        frames
    }

    /// How many frames were too many to keep.
    pub fn frames_left_out(&self) -> usize {
        self.depth.saturating_sub(MAX_FRAMES)
    }

    /// Bytes that one more copy of the error keeps: what came since the last one, about.
    pub fn size_kept(&self) -> usize {
        const STEP: usize = 512;
        STEP + if self.depth < 2 { self.message.len() } else { 0 }
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

pub(crate) fn no_such_file(path: &[u8], pos: Pos) -> Box<Error> {
    let path = String::from_utf8_lossy(path);
    Error::at(Kind::Io, format!("path '{path}' does not exist"), pos)
}

/// What is said when a file cannot be read.
pub(crate) fn io_error(what: &str, path: &[u8], error: &std::io::Error, pos: Pos) -> Box<Error> {
    if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) {
        return no_such_file(path, pos);
    }
    if error.kind() == std::io::ErrorKind::IsADirectory {
        // Nix reads into a buffer of as many bytes as the directory claims to have.
        return Error::at(Kind::Io, "read of 4096 bytes: Is a directory", pos);
    }
    let path = String::from_utf8_lossy(path);
    Error::at(Kind::Io, format!("cannot {what} '{path}': {error}"), pos)
}
