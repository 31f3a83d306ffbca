//! Nix text as a syntax tree, whatever bytes come in.
//!
//! Owns the wrapper around rnix: decoding, the guard against nesting that would exhaust the stack,
//! syntax errors as findings, what rnix accepts and Nix does not, and the scopes of names; quoting and
//! layout of what we write. Knows the grammar only: what programs mean is `nix::eval`'s.

mod brackets;
pub mod compact;
pub mod decode;
mod depth;
mod errors;
pub mod format;
pub mod quote;
pub mod scope;
mod strict;
pub mod text;

pub use depth::{MAX_BRACKETS, with_stack};
pub use rnix::ast;
pub use rowan::ast::AstNode;

use crate::diag::{Diagnostics, SourceId, Span};

/// Parses `text`, a file of `source`, and reports every syntax error in it.
///
/// A tree comes back only for a file without errors, so that whoever walks it can rely on its shape.
/// Call this inside [`with_stack`]: the tree may be as deep as the text.
pub fn parse(source: SourceId, text: &str, sink: &mut Diagnostics) -> Option<ast::Root> {
    let scan = brackets::scan(text);
    if let Some(at) = &scan.too_deep {
        sink.push(errors::too_deep(Span::new(source, at.clone())));
        return None;
    }
    if !scan.problems.is_empty() {
        errors::report_unbalanced(source, text, &scan, sink);
        return None;
    }
    let parse = rnix::Root::parse(text);
    if !parse.errors().is_empty() {
        errors::report(source, text, sink);
        return None;
    }
    let root = ast::Root::cast(parse.syntax())?;
    let before = sink.len();
    strict::check(source, &root, sink);
    (sink.len() == before).then_some(root)
}

/// The span of a node or token in `source`.
pub fn span(source: SourceId, range: rowan::TextRange) -> Span {
    Span::new(source, usize::from(range.start())..usize::from(range.end()))
}
