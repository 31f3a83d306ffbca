//! [`nix_syntax`] with findings of ours: its errors get codes and a file.
//!
//! Knows no grammar: what is wrong in a text, and in which words, is said there.

pub use nix_syntax::{AstNode, MAX_BRACKETS, ast, format, quote, scope, text, with_stack};
use nix_syntax::{ErrorKind, SyntaxError};

use crate::diag::{Code, Diagnostic, Diagnostics, Edit, SourceId, Span};
use crate::rule::{Finder, finder};

pub(crate) const FINDER: Finder = finder! {
    NixNotUtf8 =
        "Nix takes any bytes in strings and comments, but editors, formatters, JSON and every reader of the \
         repository expect UTF-8. The place shown is the first byte that is not. Save the file as UTF-8.";
    NixTooDeep =
        "Brackets, functions or operators nest so deeply that parsing the text could exhaust the stack. No person \
         writes such a file; a generated one can bind inner parts with `let … in`.";
    NixSyntax =
        "The file is not Nix at this place. All syntax errors of a file are shown in one run; other rules look at \
         the file once it parses.";
    NixUnclosed =
        "The place shown is where the construct began. When indentation shows where the end is missing, the \
         innermost bracket that fits is named rather than the one left over at the end of the file.";
    NixUnopened =
        "A closing bracket closes nothing, or closes a bracket of another kind. One of the two is a slip, or the \
         opening one is missing.";
    NixMissingSemicolon =
        "Every binding in a set or in `let` ends with `;`. Without it Nix reads the next name as an argument of the \
         value and stumbles over its `=`.";
    NixDuplicateAttribute =
        "A set or `let` binds a name twice. Nix merges two sets written out (`a = { … }; a.b = …;`) and refuses \
         everything else.";
    NixDuplicateFormal =
        "A function's argument set names the same argument twice, or names the whole set like one of its arguments. \
         Nix refuses it.";
};

/// Parses `text`, a file of `source`, and reports every syntax error in it.
///
/// A tree comes back only for a file without errors, so that whoever walks it can rely on its shape.
/// Call this inside [`with_stack`]: the tree may be as deep as the text.
pub fn parse(source: SourceId, text: &str, sink: &mut Diagnostics) -> Option<ast::Root> {
    match nix_syntax::parse(text) {
        Ok(root) => Some(root),
        Err(errors) => {
            sink.extend(errors.into_iter().map(|error| finding(source, error)));
            None
        }
    }
}

/// The span of a node or token in `source`.
pub fn span(source: SourceId, range: rowan::TextRange) -> Span {
    Span::new(source, nix_syntax::span(range).range())
}

/// The code of each kind of mistake.
fn code(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::TooDeep => Code::NixTooDeep,
        ErrorKind::Syntax => Code::NixSyntax,
        ErrorKind::Unclosed => Code::NixUnclosed,
        ErrorKind::Unopened => Code::NixUnopened,
        ErrorKind::MissingSemicolon => Code::NixMissingSemicolon,
        ErrorKind::DuplicateAttribute => Code::NixDuplicateAttribute,
        ErrorKind::DuplicateFormal => Code::NixDuplicateFormal,
    }
}

fn finding(source: SourceId, error: SyntaxError) -> Diagnostic {
    let at = |span: nix_syntax::Span| Span::new(source, span.range());
    let mut finding =
        Diagnostic::new(code(error.kind), at(error.primary.span), error.message).label(error.primary.message);
    for label in error.secondary {
        finding = finding.also(at(label.span), label.message);
    }
    for help in error.help {
        finding = finding.help(help);
    }
    match error.fix {
        Some(fix) => {
            let edit = Edit { span: Span::new(source, fix.at..fix.at), replacement: fix.text };
            finding.fix(fix.title, vec![edit])
        }
        None => finding,
    }
}

/// Bytes of a Nix file as text.
pub mod decode {
    pub use nix_syntax::decode::*;

    use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span};

    /// Adds a file's bytes to `sources`; what is not UTF-8 is reported.
    pub fn add(
        path: impl Into<camino::Utf8PathBuf>,
        bytes: Vec<u8>,
        sources: &mut SourceMap,
        sink: &mut Diagnostics,
    ) -> SourceId {
        let (text, invalid) = decode(bytes);
        let id = sources.add(path, text);
        if let Some(at) = invalid {
            sink.push(
                Diagnostic::new(
                    Code::NixNotUtf8,
                    Span::new(id, at..at + '\u{fffd}'.len_utf8()),
                    format!("byte {at} is not UTF-8"),
                )
                .help("save the file as UTF-8; Nix itself takes any bytes in strings and comments, but editors, formatters and reviewers do not"),
            );
        }
        id
    }
}
