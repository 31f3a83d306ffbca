//! Nix's `lint-*` options: what it takes and advises against.

use super::{Kind, Lowering, Result};

/// What is done about something that Nix takes and advises against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lint {
    /// Nothing.
    #[default]
    Ignore,
    /// It is said.
    Warn,
    /// It is an error.
    Fatal,
}

/// Nix's `lint-*` options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lints {
    /// `http://example.org` without quotes.
    pub url_literals: Lint,
    /// `a/b` for `./a/b`.
    pub short_path_literals: Lint,
    /// `/a/b` and `~/a/b`.
    pub absolute_path_literals: Lint,
}

impl Lowering<'_> {
    /// Says what a lint has to say, or fails with it.
    pub(super) fn lint(&self, lint: Lint, start: u32, message: impl FnOnce() -> String) -> Result<()> {
        match lint {
            Lint::Ignore => Ok(()),
            Lint::Warn => {
                self.context.warnings.borrow_mut().push((self.pos(start), message()));
                Ok(())
            }
            Lint::Fatal => self.fail(Kind::Syntax, message(), start),
        }
    }
}
