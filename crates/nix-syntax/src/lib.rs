//! Nix text as a syntax tree, whatever bytes come in.
//!
//! Owns the wrapper around rnix: decoding, the guard against nesting that would exhaust the stack,
//! syntax errors in the words of people, what rnix accepts and Nix does not, and the scopes of names; quoting and
//! layout of what we write. Knows the grammar only: what programs mean is an evaluator's.

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod brackets;
pub mod compact;
pub mod decode;
mod depth;
mod errors;
pub mod format;
mod problem;
pub mod quote;
pub mod scope;
mod strict;
pub mod text;

pub use depth::{MAX_BRACKETS, with_stack};
pub use problem::{ErrorKind, Insertion, Label, Span, SyntaxError};
pub use rnix::ast;
pub use rowan::ast::AstNode;

/// Parses a text; all its syntax errors, in the order they were found.
///
/// A tree comes back only for a text without errors, so that whoever walks it can rely on its shape.
/// Call this inside [`with_stack`]: the tree may be as deep as the text.
///
/// # Errors
/// At least one, in the words of people.
pub fn parse(text: &str) -> Result<ast::Root, Vec<SyntaxError>> {
    let mut found = Vec::new();
    match tree(text, &mut found) {
        Some(root) if found.is_empty() => Ok(root),
        _ => Err(found),
    }
}

fn tree(text: &str, sink: &mut Vec<SyntaxError>) -> Option<ast::Root> {
    let scan = brackets::scan(text);
    if let Some(at) = &scan.too_deep {
        sink.push(errors::too_deep(Span::new(at.clone())));
        return None;
    }
    if !scan.problems.is_empty() {
        errors::report_unbalanced(text, &scan, sink);
        return None;
    }
    let parse = rnix::Root::parse(text);
    if !parse.errors().is_empty() {
        errors::report(text, sink);
        return None;
    }
    let root = ast::Root::cast(parse.syntax())?;
    strict::check(&root, sink);
    Some(root)
}

/// Where a node or token is.
pub fn span(range: rowan::TextRange) -> Span {
    Span::new(usize::from(range.start())..usize::from(range.end()))
}
