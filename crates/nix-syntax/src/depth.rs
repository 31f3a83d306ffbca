//! How deep a text nests, and a stack that is large enough for it.
//!
//! rnix's parser, rowan's drop and every visitor recurse as deep as the text nests; 100,000 opening
//! brackets would overflow any stack. The depth is bounded on the tokens, before anything recurses.

use std::sync::{Mutex, PoisonError};

use rnix::SyntaxKind::*;

/// Brackets deeper than this are a finding: rnix gives up a little above, and no person writes it.
pub const MAX_BRACKETS: usize = 400;

/// Upper bound of a tree's depth above which a text is not parsed at all.
pub(super) const MAX_DEPTH: usize = 20_000;

/// Depth up to which the caller's own stack is trusted.
const SHALLOW: usize = 150;

/// Bytes of stack per level; measured 2 to 5 KiB without optimisation.
const PER_LEVEL: usize = 12 * 1024;

/// Tokens that follow each other without a blank, as in `--1` and `1-1`, all of characters that a path
/// can have: rnix looks ahead over all of them at each, so that 100,000 would take minutes.
const MAX_RUN: usize = 300;

/// Whether a token is one of those of which a run is counted.
fn runs(kind: rnix::SyntaxKind, token: &str) -> bool {
    let path = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.+-".contains(&byte);
    kind != TOKEN_STRING_CONTENT && kind != TOKEN_COMMENT && token.bytes().all(path)
}

/// The tokens of `text`, and none after a run that is too long.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = rnix::Token<'_>> {
    let mut run = 0;
    rnix::tokenize(text).take_while(move |(kind, token)| {
        run = if runs(*kind, token) { run + 1 } else { 0 };
        run <= MAX_RUN
    })
}

/// An upper bound of how deep the syntax tree of `text` can be: every token of an expression may be
/// one more level (`a + a + a` is a chain to the left), but the items of a list and the bindings of
/// a set are siblings.
pub(super) fn bound(text: &str) -> usize {
    let mut groups: Vec<(bool, usize)> = vec![(false, 0)];
    let (mut total, mut deepest, mut length) = (0usize, 0usize, 0usize);
    for (kind, token) in tokens(text) {
        length += token.len();
        if kind.is_trivia() {
            continue;
        }
        match kind {
            TOKEN_L_BRACE | TOKEN_L_PAREN | TOKEN_L_BRACK | TOKEN_INTERPOL_START | TOKEN_STRING_START => {
                if let Some((_, count)) = groups.last_mut() {
                    *count += 1;
                }
                total += 2;
                groups.push((matches!(kind, TOKEN_L_BRACK | TOKEN_STRING_START), 1));
            }
            TOKEN_R_BRACE | TOKEN_R_PAREN | TOKEN_R_BRACK | TOKEN_INTERPOL_END | TOKEN_STRING_END => {
                if groups.len() > 1
                    && let Some((_, count)) = groups.pop()
                {
                    total -= count;
                }
                if let Some((true, count)) = groups.last_mut() {
                    total = total - *count + 1;
                    *count = 1;
                }
            }
            TOKEN_SEMICOLON | TOKEN_COMMA => {
                if let Some((_, count)) = groups.last_mut() {
                    total -= *count;
                    *count = 0;
                }
            }
            _ => {
                if let Some((flat, count)) = groups.last_mut()
                    && (!*flat || kind == TOKEN_OR)
                {
                    *count += 1;
                    total += 1;
                }
            }
        }
        deepest = deepest.max(total + groups.len());
    }
    if length < text.len() { usize::MAX } else { deepest }
}

/// Runs `work` on a stack that is large enough for the tree of `text`.
///
/// `Err` only when the operating system gives no such stack.
pub fn with_stack<R: Send>(text: &str, work: impl FnOnce() -> R + Send) -> std::io::Result<R> {
    let depth = bound(text).min(MAX_DEPTH);
    if depth <= SHALLOW {
        return Ok(work());
    }
    let size = (4 << 20) + depth * PER_LEVEL;
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let done = std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(size).spawn_scoped(scope, || take().map(|work| work()));
        match thread {
            Ok(thread) => Ok(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            Err(error) => Err(error),
        }
    });
    match done {
        Ok(Some(result)) => Ok(result),
        // Where there may be no more threads there may be more stack.
        Err(_) => {
            take().map(|work| stacker::grow(size, work)).ok_or_else(|| std::io::ErrorKind::Other.into())
        }
        Ok(None) => Err(std::io::ErrorKind::Other.into()),
    }
}
