//! Nix's `lint-*` options: what it takes and advises against.

use nix_syntax::compact::Node;
use rnix::SyntaxKind::{NODE_APPLY, NODE_IDENT};

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

/// Whether it is `f or`, a call with a variable of that name.
pub(super) fn is_odd_or(node: Node<'_>) -> bool {
    let argument = || node.node(1).filter(|argument| argument.kind() == NODE_IDENT);
    let is_or = |argument: Node<'_>| argument.token().is_some_and(|(_, text, _)| text == "or");
    node.kind() == NODE_APPLY && argument().is_some_and(is_or)
}

impl Lowering<'_> {
    /// Says as Nix does, without being asked, that an item of a list, an argument or a default is `f or`.
    pub(super) fn advise_against_or(&self, node: Node<'_>) {
        if is_odd_or(node) {
            let message = "This expression uses `or` as an identifier in a way that will change in a future Nix \
                           release. Wrap it, up to the `or`, in parentheses to preserve its current meaning.";
            self.context.warnings.borrow_mut().push((self.pos(node.start()), message.to_owned()));
        }
    }

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
