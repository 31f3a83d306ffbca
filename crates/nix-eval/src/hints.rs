//! What to type instead, below an error: where that is well known.

use std::fmt::Write as _;
use std::sync::Arc;

use super::error::{Error, Kind};
use super::ir::Pos;
use super::shared::Shared;

/// Texts longer than this are not read once more for what is wrong with them.
const LONG: usize = 1 << 20;

/// Beginnings of messages, what stands in the line at the place where that matters, and what to do.
const KNOWN: [(&str, &str, &str); 13] = [
    ("cannot coerce a list to a string", "[", "lists are joined by `++`"),
    ("cannot coerce an integer to a string", "", "a number becomes text by `toString`"),
    ("cannot coerce a float to a string", "", "a number becomes text by `toString`"),
    (
        "cannot coerce a Boolean to a string",
        "",
        "`lib.boolToString` gives \"true\" or \"false\", `toString` \"1\" or \"\"",
    ),
    (
        "cannot coerce null to a string",
        "",
        "`toString null` is the empty text; `lib.optionalString` leaves a text out",
    ),
    ("cannot coerce a list to a string", "", "`toString` and `lib.concatStringsSep` join a list to a text"),
    (
        "cannot coerce a set to a string",
        "",
        "a set is a text if it has `outPath` or `__toString`; write which attribute is meant",
    ),
    ("cannot coerce a function to a string", "", "it may lack an argument, or parentheses around its call"),
    ("cannot add a string to an integer", "", "a number becomes text by `toString`"),
    ("cannot add a string to a float", "", "a number becomes text by `toString`"),
    (
        "expected a list but found a set",
        "",
        "`builtins.attrValues`, or `lib.mapAttrsToList`, makes a list of a set",
    ),
    ("expected a list but found a string", "", "a list of one is written `[ x ]`"),
    (
        "attempt to call something which is not a function but an integer",
        "",
        "in a list, a call wants parentheses: `[ (f x) ]`; a function may have got one argument too many",
    ),
];

/// Adds what there is to say.
pub fn add(shared: &Shared, error: &Error, out: &mut String) {
    if let Some(hint) = &error.hint {
        for line in hint.lines() {
            let _ = writeln!(out, "  {line}");
        }
        return;
    }
    let rest = || {
        let place = shared.place(error.pos)?;
        place.text.get(place.column - 1..).map(str::to_owned)
    };
    let known = |(begins, code, _): &&(&str, &str, &str)| {
        error.message.starts_with(begins)
            && (code.is_empty() || rest().is_some_and(|rest| rest.starts_with(code)))
    };
    if let Some((_, _, help)) = KNOWN.iter().find(known) {
        let _ = writeln!(out, "  help: {help}");
    }
}

/// What is wrong with a text that cannot be read on at an error, which often is before that; `base` is the position of
/// its first byte. Found when the text is read, as many may come to say it.
pub fn of_syntax(shared: &Shared, text: &str, base: Pos, error: &mut Error) {
    if error.kind != Kind::Syntax || text.len() > LONG {
        return;
    }
    let found = nix_syntax::with_stack(text, || nix_syntax::parse(text).err().unwrap_or_default());
    let Some(first) = found.ok().and_then(|found| found.into_iter().next()) else { return };
    let mut hint = String::new();
    let at = base + first.primary.span.start as Pos;
    if at != error.pos
        && let Some(place) = shared.place(at)
    {
        let _ = writeln!(hint, "{}, in line {}:\n  {}", first.message, place.line, place.text.trim());
    }
    for help in &first.help {
        let _ = writeln!(hint, "help: {help}");
    }
    error.hint = Some(hint.into()).filter(|hint: &Arc<str>| !hint.is_empty());
}
