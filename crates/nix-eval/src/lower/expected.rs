//! What Nix's parser expects where a text stops being a program: it says so where few tokens would do.
//! Here that is read off the brackets that are open and what stands behind the innermost.

use rnix::SyntaxKind::{self, *};

use nix_syntax::compact::Stop;

/// What may follow a dot or a question mark.
const NAME: &str = "identifier or 'or' or '${' or '\"'";

/// A bracket, string or `let` without its end yet.
struct Open {
    kind: SyntaxKind,
    start: usize,
    /// The token before it.
    before: Option<SyntaxKind>,
    /// What stands in it since the last `;`, what is closed as the token that closes it.
    item: Vec<SyntaxKind>,
    /// Whether there was a `;`.
    items: bool,
}

impl Open {
    /// Whether `{ … }` is the parameters of a function, as far as it goes.
    fn is_pattern(&self) -> bool {
        let plain = !self.items && !self.item.contains(&TOKEN_ASSIGN) && self.before != Some(TOKEN_REC);
        let sign = [TOKEN_COMMA, TOKEN_QUESTION, TOKEN_ELLIPSIS];
        plain && (self.before == Some(TOKEN_AT) || self.item.iter().any(|kind| sign.contains(kind)))
    }

    /// What is expected behind the item so far, in a set, a `let` or parameters.
    fn binding(&self) -> Option<&'static str> {
        if self.kind == TOKEN_L_BRACE && self.is_pattern() {
            let last = self.item.rsplit(|kind| *kind == TOKEN_COMMA).next().unwrap_or_default();
            return match last {
                [] => Some("identifier or '...' or '}'"),
                [.., TOKEN_ELLIPSIS] => Some("'}'"),
                [.., TOKEN_QUESTION] => None,
                [TOKEN_IDENT] => Some("'}' or ','"),
                [TOKEN_IDENT, TOKEN_QUESTION, .., last] if is_operand(*last) => Some("'}' or ','"),
                _ => None,
            };
        }
        match self.item.as_slice() {
            // As an argument only the old `let { … }` may stand.
            [] if self.kind == TOKEN_LET && self.before.is_some_and(is_operand) && !self.items => Some("'{'"),
            [] if self.kind == TOKEN_LET => Some("'in' or 'inherit'"),
            [] if matches!(self.before, Some(TOKEN_REC | TOKEN_LET)) => Some("'inherit' or '}'"),
            [] => Some("'inherit'"),
            [TOKEN_INHERIT, ..] => None,
            item if item.contains(&TOKEN_ASSIGN) => None,
            [.., TOKEN_DOT] => Some(NAME),
            [.., TOKEN_IDENT | TOKEN_OR | TOKEN_STRING_END | TOKEN_INTERPOL_END] => Some("'.' or '='"),
            _ => None,
        }
    }
}

fn is_operand(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        TOKEN_IDENT
            | TOKEN_INTEGER
            | TOKEN_FLOAT
            | TOKEN_STRING_END
            | TOKEN_URI
            | TOKEN_R_PAREN
            | TOKEN_R_BRACE
            | TOKEN_R_BRACK
            | TOKEN_PATH_ABS
            | TOKEN_PATH_REL
            | TOKEN_PATH_HOME
            | TOKEN_PATH_SEARCH
    )
}

/// What is wrong where a text stops being a program.
pub(super) struct Wrong {
    /// What is not expected, if it is not the token there.
    pub(super) unexpected: Option<&'static str>,
    /// What is expected; nothing if too much would do.
    pub(super) expected: &'static str,
    /// Where.
    pub(super) at: u32,
}

/// What is wrong where `text` stops being a program, if the tokens before tell.
pub(super) fn after(text: &str, stop: Stop) -> Option<Wrong> {
    let rest = text.get(stop.start as usize..).unwrap_or_default();
    // Without its end, a comment is an operator, after which there can be no other.
    let comment = rest.starts_with("/*") && !rest.contains("*/");
    let found = expected(text, stop);
    match found {
        Some((expected, at)) if at != stop.start => {
            Some(Wrong { unexpected: Some("end of file"), expected, at })
        }
        _ if comment && found.is_some_and(|(expected, _)| expected == OPERATOR) => {
            Some(Wrong { unexpected: Some("'*'"), expected: "", at: stop.start + 1 })
        }
        _ if comment => {
            let expected = found.map_or("", |(expected, _)| expected);
            Some(Wrong { unexpected: Some("'/'"), expected, at: stop.start })
        }
        Some((OPERATOR, _)) | None => None,
        Some((expected, at)) => Some(Wrong { unexpected: None, expected, at }),
    }
}

/// Stands for all that may follow an operand.
const OPERATOR: &str = "operator";

/// Where the string begins that has no end, if that is what is wrong.
pub(super) fn endless_string(text: &str, stop: Stop) -> Option<usize> {
    // It is known by its beginning only.
    if !matches!(stop.token, None | Some(TOKEN_STRING_START | TOKEN_STRING_CONTENT | TOKEN_ERROR)) {
        return None;
    }
    let (open, ..) = scan(text, text.len())?;
    let inner = open.last().filter(|inner| inner.kind == TOKEN_STRING_START)?;
    (inner.start <= stop.start as usize).then_some(inner.start)
}

/// What is open at `at`, the token before, and whether a `{ … }` that ends there was parameters: behind
/// an `@` or not.
#[allow(clippy::type_complexity)]
fn scan(text: &str, at: usize) -> Option<(Vec<Open>, Option<SyntaxKind>, Option<bool>)> {
    let mut open: Vec<Open> =
        vec![Open { kind: NODE_ROOT, start: 0, before: None, item: Vec::new(), items: false }];
    let (mut offset, mut before) = (0, None);
    let mut parameters = None;
    for (kind, token) in rnix::tokenize(text) {
        let start = offset;
        offset += token.len();
        if kind.is_trivia() || start >= at {
            continue;
        }
        let last = before.replace(kind);
        let new = || Open { kind, start, before: last, item: Vec::new(), items: false };
        let inner = open.last_mut()?;
        match kind {
            // `let { … }` is a set.
            TOKEN_L_BRACE if inner.kind == TOKEN_LET && last == Some(TOKEN_LET) => *inner = new(),
            TOKEN_L_BRACE | TOKEN_L_PAREN | TOKEN_L_BRACK | TOKEN_INTERPOL_START | TOKEN_STRING_START
            | TOKEN_LET => open.push(new()),
            TOKEN_R_BRACE | TOKEN_R_PAREN | TOKEN_R_BRACK | TOKEN_INTERPOL_END | TOKEN_STRING_END
            | TOKEN_IN => {
                let closed = open.pop()?;
                let single = !closed.items && closed.item.as_slice() == [TOKEN_IDENT];
                parameters = (kind == TOKEN_R_BRACE && (single || closed.is_pattern()))
                    .then_some(closed.before == Some(TOKEN_AT));
                open.last_mut()?.item.push(kind);
            }
            TOKEN_SEMICOLON => {
                // The one behind `with …` and `assert …` ends no binding.
                let head = inner.item.iter().rposition(|kind| [TOKEN_WITH, TOKEN_ASSERT].contains(kind));
                match head {
                    Some(head) => inner.item.truncate(head),
                    None => {
                        inner.item.clear();
                        inner.items = true;
                    }
                }
            }
            _ => inner.item.push(kind),
        }
    }
    Some((open, before, parameters))
}

fn expected(text: &str, stop: Stop) -> Option<(&'static str, u32)> {
    let at = stop.start as usize;
    if let Some(start) = endless_string(text, stop) {
        let expected = match text.get(start..).unwrap_or_default().starts_with("''") {
            true => "indented string or '${' or end of an indented string",
            false => "'\"'",
        };
        return Some((expected, text.len() as u32));
    }
    let (open, last, parameters) = scan(text, at)?;
    let inner = open.last()?;
    let operand = last.is_some_and(is_operand);
    let here = |expected| Some((expected, stop.start));
    let rest = text.get(at..).unwrap_or_default();
    if operand && rest.starts_with("/*") {
        return here(OPERATOR);
    }
    let waits = |inner: &Open| {
        let words = [TOKEN_IF, TOKEN_WITH, TOKEN_ASSERT];
        // An `if` is whole with its `else`.
        let open = inner.item.iter().filter(|kind| words.contains(kind)).count();
        open > inner.item.iter().filter(|kind| **kind == TOKEN_ELSE).count()
    };
    // What compares does so once: nothing at all is expected there.
    let compares = [TOKEN_EQUAL, TOKEN_NOT_EQUAL, TOKEN_LESS, TOKEN_MORE, TOKEN_LESS_OR_EQ, TOKEN_MORE_OR_EQ];
    let compares = operand && stop.token.is_some_and(|kind| compares.contains(&kind));
    match (inner.kind, last) {
        (_, Some(TOKEN_REC)) => here("'{'"),
        (_, Some(TOKEN_AT)) => match inner.item.iter().rev().nth(1) {
            Some(TOKEN_R_BRACE) => here("identifier"),
            _ => here("'{'"),
        },
        (TOKEN_L_BRACE | TOKEN_LET, _) if inner.binding().is_some() => inner.binding().and_then(here),
        _ if compares => here(""),
        (_, Some(TOKEN_DOT)) => here(NAME),
        (TOKEN_L_BRACE, Some(TOKEN_QUESTION)) if inner.is_pattern() => None,
        (_, Some(TOKEN_QUESTION)) => here(NAME),
        (_, Some(TOKEN_R_BRACE)) if parameters.is_some() => {
            here(if parameters == Some(true) { "':'" } else { "':' or '@'" })
        }
        (TOKEN_L_PAREN, _) if operand && !waits(inner) => here("')'"),
        (TOKEN_INTERPOL_START, _) if operand && !waits(inner) => here("'}'"),
        _ => None,
    }
}
