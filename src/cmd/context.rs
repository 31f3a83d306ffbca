//! What every command gets and gives.

use std::io;
use std::process::ExitCode;

use camino::Utf8PathBuf;

use crate::diag::foreign;
use crate::diag::guard::Out;

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
    /// Whether findings of a kind are folded beyond some: stderr is a terminal.
    pub fold: bool,
    /// What was asked for.
    pub out: &'a mut dyn Out,
    /// Findings, progress, summaries.
    pub err: &'a mut dyn Out,
}

impl Context<'_> {
    /// A line on stderr, unless `--quiet`.
    ///
    /// # Errors
    /// When stderr cannot be written to.
    pub fn say(&mut self, text: impl std::fmt::Display) -> io::Result<()> {
        if self.quiet { Ok(()) } else { writeln!(self.err, "{text}") }
    }

    /// A value on stdout, over several lines.
    ///
    /// # Errors
    /// When stdout cannot be written to.
    pub fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(self.out, "{}", foreign::json(&format!("{value:#}")))
    }

    /// A value on a line of stdout.
    ///
    /// # Errors
    /// When it cannot be JSON, or stdout not be written to.
    pub fn json_line(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        writeln!(self.out, "{}", foreign::json(&serde_json::to_string(value)?))
    }
}

/// How a command ended when it could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Exit code 0.
    Clean,
    /// Exit code 1.
    Findings,
    /// Exit code 2: nothing could be evaluated, so that nothing is known.
    NotEvaluated,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Findings => ExitCode::from(1),
            Outcome::NotEvaluated => ExitCode::from(2),
        }
    }
}
