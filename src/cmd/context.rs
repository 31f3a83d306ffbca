//! What every command gets and gives.

use std::io::{self, Write};
use std::process::ExitCode;

use camino::Utf8PathBuf;

/// Where a command reads from and writes to, and how.
pub struct Context<'a> {
    /// As given by `--root`.
    pub root: Option<Utf8PathBuf>,
    /// `--quiet`.
    pub quiet: bool,
    /// `--verbose`.
    pub verbose: bool,
    /// Whether [`Context::out`] takes colour.
    pub colour_out: bool,
    /// Whether [`Context::err`] takes colour.
    pub colour_err: bool,
    /// What was asked for.
    pub out: &'a mut dyn Write,
    /// Findings, progress, summaries.
    pub err: &'a mut dyn Write,
}

impl Context<'_> {
    /// A line on stderr, unless `--quiet`.
    ///
    /// # Errors
    /// When stderr cannot be written to.
    pub fn say(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { writeln!(self.err, "{text}") }
    }
}

/// How a command ended when it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Clean,
    /// Exit code 1.
    Findings,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Findings => ExitCode::from(1),
        }
    }
}
