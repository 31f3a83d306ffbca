//! Why git did not do it, in its own words where it has some.

use super::address::printable;
use crate::diag::foreign;
use crate::store::archive::ArchiveError;

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No `git`.
    #[error("the program git cannot be started: {0}")]
    NoGit(String),
    /// An address that git must not be given.
    #[error("{0} is not the address of a Git repository (https, http, ssh or file)")]
    BadUrl(String),
    /// A repository of this machine that the user did not name.
    #[error("{0} is on this machine, and only what you name yourself is read there; --allow-local reads it")]
    Local(String),
    /// A reference that is none.
    #[error("{0:?} cannot be a tag, branch or commit")]
    BadRevision(String),
    /// The network must not be used.
    #[error("{0} cannot be reached: --offline was given")]
    Offline(String),
    /// git says no.
    #[error("git cannot read {url}: {why}")]
    Failed {
        /// The repository.
        url: String,
        /// git's words.
        why: String,
    },
    /// It took too long.
    #[error("git does not come to an end with {url} (it was given {seconds} s)")]
    Slow {
        /// The repository.
        url: String,
        /// How long it had.
        seconds: u64,
    },
    /// It says too much.
    #[error("git says more about {url} than can be taken ({limit} bytes)")]
    TooMuch {
        /// The repository.
        url: String,
        /// How much that is.
        limit: u64,
    },
    /// The repository has not what was asked for.
    #[error("{url} has no {revision}")]
    NoRevision {
        /// The repository.
        url: String,
        /// What was asked for.
        revision: String,
    },
    /// What came is no tree that we take.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The temporary repository.
    #[error("temporary data cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

/// Lines that begin an advice of git worth having; the rest of its messages is one line.
const WITH_ADVICE: &str = "dubious ownership";
/// Of a message.
const LONGEST: usize = 2000;

/// git's message without its usual beginnings: one line, or all of it where git says what to type.
pub(super) fn failure(url: &str, stderr: &[u8]) -> GitError {
    let text = String::from_utf8_lossy(stderr);
    let begins = |line: &&str| line.starts_with("fatal:") || line.starts_with("ERROR");
    let line = text
        .lines()
        .find(begins)
        .or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()))
        .unwrap_or("it ended without saying why");
    let why = if line.contains(WITH_ADVICE)
        && let Some(at) = text.find(line)
    {
        text[at..].trim_end()
    } else {
        line
    };
    let why = why.strip_prefix("fatal: ").unwrap_or(why);
    let why = why.replace(url, &printable(url));
    let short: String = super::address::redacted(&why).chars().take(LONGEST).collect();
    GitError::Failed { url: printable(url), why: foreign::block(&short).into_owned() }
}
