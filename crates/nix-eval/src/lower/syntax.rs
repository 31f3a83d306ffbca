//! Syntax errors in the words of Nix.
//!
//! Where the text stops being a program is known already; rnix, which goes on after an error, knows
//! better what was expected there.

use rnix::SyntaxKind::{self, *};

use super::super::ir::Pos;
use super::{Error, Kind, expected};
use nix_syntax::compact::Stop;

/// Nesting up to which rnix is asked; it gives up a little above.
const RNIX_NESTING: usize = 400;

/// What is wrong with `text`, which stops being a program at `stop`.
pub(super) fn error(text: &str, stop: Stop, base: Pos) -> Box<Error> {
    if let Some(start) = expected::endless_string(text, stop)
        && let Some(before) = text.get(..start)
        && let Err(sooner) = nix_syntax::compact::Tree::parse(before)
        && sooner.token.is_some()
    {
        // The text is no program before the string that has no end.
        return error(before, sooner, base);
    }
    if let Some(wrong) = expected::after(text, stop) {
        let range = rnix::TextRange::new(stop.start.into(), stop.end.into());
        let token = || stop.token.map_or("end of file".to_owned(), |kind| named(kind, range, text));
        let unexpected = wrong.unexpected.map_or_else(token, str::to_owned);
        let mut message = format!("syntax error, unexpected {unexpected}");
        if !wrong.expected.is_empty() {
            message = format!("{message}, expecting {}", wrong.expected);
        }
        return Error::at(Kind::Syntax, message, base + wrong.at);
    }
    let nesting = super::nesting::of(text.as_bytes());
    if nesting <= RNIX_NESTING {
        // rnix and rowan recurse over lists and parentheses, and a chain of operators nests the tree by
        // each two bytes of text: give them the stack that takes.
        let stack = (1 << 20) + text.len() * 256 + nesting * 8192;
        let error = stacker::maybe_grow(stack, stack + (1 << 20), || {
            rnix::Root::parse(text).errors().first().map(|error| translate(error, text, base))
        });
        if let Some(error) = error {
            return error;
        }
    }
    let range = rnix::TextRange::new(stop.start.into(), stop.end.into());
    let unexpected = stop.token.map_or("end of file".to_owned(), |kind| named(kind, range, text));
    Error::at(Kind::Syntax, format!("syntax error, unexpected {unexpected}"), base + stop.start)
}

/// A token as Nix's messages call it.
fn named(kind: SyntaxKind, range: rnix::TextRange, text: &str) -> String {
    match kind {
        TOKEN_IDENT => "identifier".to_owned(),
        TOKEN_INTEGER => "integer".to_owned(),
        TOKEN_FLOAT => "floating-point literal".to_owned(),
        TOKEN_STRING_START => {
            let rest = text.get(usize::from(range.start())..).unwrap_or_default();
            let long = rest.starts_with("''");
            if long { "start of an indented string".to_owned() } else { "'\"'".to_owned() }
        }
        TOKEN_STRING_CONTENT => "string".to_owned(),
        TOKEN_ERROR => "invalid token".to_owned(),
        TOKEN_PATH_ABS | TOKEN_PATH_REL => "path".to_owned(),
        TOKEN_PATH_HOME => "'~/…' path".to_owned(),
        TOKEN_PATH_SEARCH => "'<…>' path".to_owned(),
        TOKEN_URI => "URI".to_owned(),
        _ => {
            let from = usize::from(range.start());
            let rest = text.get(from..usize::from(range.end())).unwrap_or_default();
            if rest.starts_with('$') {
                return "'${'".to_owned();
            }
            let word = rest.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
            if matches!(
                word,
                "..." | "${" | "==" | "!=" | "<=" | ">=" | "&&" | "||" | "->" | "//" | "++" | "|>" | "<|"
            ) {
                return format!("'{word}'");
            }
            let len = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len()).max(1);
            format!("'{}'", word.get(..len).unwrap_or(word))
        }
    }
}

/// rnix's error in the words of Nix.
fn translate(error: &rnix::ParseError, text: &str, base: Pos) -> Box<Error> {
    use rnix::ParseError::*;
    let at = |range: &rnix::TextRange| base + u32::from(range.start());
    let end = base + text.len() as u32;
    match error {
        Unexpected(range) | UnexpectedExtra(range) => {
            let named = named(NODE_ERROR, *range, text);
            Error::at(
                Kind::Syntax,
                format!("syntax error, unexpected {named}, expecting end of file"),
                at(range),
            )
        }
        UnexpectedWanted(TOKEN_ERROR, range, wanted) => {
            let from = usize::from(range.start());
            let rest = text.get(from..).unwrap_or_default();
            if wanted.contains(&TOKEN_STRING_END) && usize::from(range.end()) == text.len() {
                return Error::at(Kind::Syntax, "syntax error, unexpected end of file, expecting '\"'", end);
            }
            let path = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "/._-+~".contains(c))).next();
            let message = match path {
                Some(path) if path.len() > 1 && path.ends_with('/') && !path.contains("//") => {
                    "path has a trailing slash".to_owned()
                }
                _ => "syntax error, unexpected invalid token".to_owned(),
            };
            Error::at(Kind::Syntax, message, at(range))
        }
        UnexpectedWanted(kind, range, wanted) => {
            let wanted = expecting(wanted);
            Error::at(
                Kind::Syntax,
                format!("syntax error, unexpected {}{wanted}", named(*kind, *range, text)),
                at(range),
            )
        }
        UnexpectedEOFWanted(wanted) => {
            let wanted = expecting(wanted);
            Error::at(Kind::Syntax, format!("syntax error, unexpected end of file{wanted}"), end)
        }
        UnexpectedDoubleBind(range) => {
            Error::at(Kind::Syntax, "syntax error, unexpected '@', expecting ':'", at(range))
        }
        DuplicatedArgs(range, name) => {
            Error::at(Kind::Syntax, format!("duplicate formal function argument '{name}'"), at(range))
        }
        RecursionLimitExceeded => {
            Error::at(Kind::Syntax, "memory exhausted: the code is nested too deeply", end)
        }
        _ => Error::at(Kind::Syntax, "syntax error, unexpected end of file", end),
    }
}

/// ", expecting 'x'", where only one token would do.
fn expecting(wanted: &[SyntaxKind]) -> String {
    let token = match wanted {
        [TOKEN_SEMICOLON] => ";",
        [TOKEN_ELSE] => "else",
        [TOKEN_THEN] => "then",
        [TOKEN_R_PAREN] => ")",
        [TOKEN_R_BRACE] => "}",
        [TOKEN_COLON] => ":",
        _ => return String::new(),
    };
    format!(", expecting '{token}'")
}
