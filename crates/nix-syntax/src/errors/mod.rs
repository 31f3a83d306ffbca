//! Syntax errors as findings: what was expected, where the construct began, what to type.

use std::ops::Range;

use rnix::{ParseError, SyntaxKind, SyntaxKind::*, SyntaxNode};
use rowan::ast::AstNode as _;

use crate::problem::{ErrorKind, Span, SyntaxError};

mod runaway;
mod unbalanced;

pub(super) use unbalanced::report_unbalanced;

/// The finding for a text that nests too deeply to be parsed.
pub(super) fn too_deep(at: Span) -> SyntaxError {
    SyntaxError::new(ErrorKind::TooDeep, at, "this nests too deeply to be parsed")
        .label("the limit is reached here")
        .help(format!("brackets may nest {} deep; bind inner parts with `let … in`", super::MAX_BRACKETS))
}

/// The tokens of a text that are not blank or comment, with their places.
struct Tokens(Vec<(SyntaxKind, Range<usize>)>);

impl Tokens {
    fn of(text: &str) -> Self {
        let mut offset = 0;
        let mut all = Vec::new();
        for (kind, token) in rnix::tokenize(text) {
            let range = offset..offset + token.len();
            offset = range.end;
            if !kind.is_trivia() {
                all.push((kind, range));
            }
        }
        Self(all)
    }

    /// Index of the first token that begins at `offset` or later.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|(_, range)| range.start < offset)
    }

    /// The binding in which `offset` stands, with its `;`: a part of a set or `let`.
    fn binding_around(&self, offset: usize) -> Option<Range<usize>> {
        let at = self.at(offset).min(self.0.len().checked_sub(1)?);
        let (mut depth, mut first) = (0usize, None);
        for index in (0..at).rev() {
            match self.0[index].0 {
                TOKEN_R_BRACE | TOKEN_R_BRACK | TOKEN_R_PAREN | TOKEN_INTERPOL_END | TOKEN_STRING_END
                | TOKEN_IN => depth += 1,
                TOKEN_L_BRACE | TOKEN_LET if depth == 0 => {
                    first = Some(index + 1);
                    break;
                }
                TOKEN_SEMICOLON if depth == 0 && self.ends_binding(index) => {
                    first = Some(index + 1);
                    break;
                }
                TOKEN_L_BRACE | TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START | TOKEN_STRING_START
                | TOKEN_LET => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        let first = first?;
        depth = 0;
        for index in first..self.0.len() {
            let range = self.0[first].1.start..self.0[index].1.end;
            match self.0[index].0 {
                TOKEN_L_BRACE | TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START | TOKEN_STRING_START
                | TOKEN_LET => depth += 1,
                TOKEN_SEMICOLON if depth == 0 && index >= at => return Some(range),
                TOKEN_R_BRACE | TOKEN_IN if depth == 0 => {
                    // The last binding without its `;`: all before the bracket.
                    let end = self.0.get(index.checked_sub(1)?)?.1.end;
                    return (end > range.start).then_some(range.start..end);
                }
                TOKEN_R_BRACE | TOKEN_R_BRACK | TOKEN_R_PAREN | TOKEN_INTERPOL_END | TOKEN_STRING_END
                | TOKEN_IN => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
        }
        None
    }

    /// Whether the token at `index` stands among the names of an `inherit`.
    fn inherits(&self, index: usize) -> bool {
        let names = self.0[..index.min(self.0.len())].iter().rev();
        let mut names = names.skip_while(|(kind, _)| {
            matches!(kind, TOKEN_IDENT | TOKEN_STRING_START | TOKEN_STRING_CONTENT | TOKEN_STRING_END)
        });
        match names.next() {
            Some((TOKEN_INHERIT, _)) => true,
            // The end of `inherit (from)`; a bracket that far back is hardly anything else.
            Some((TOKEN_R_PAREN, _)) => names.take(40).any(|(kind, _)| *kind == TOKEN_INHERIT),
            _ => false,
        }
    }

    /// Whether a `;` ends a binding rather than the head of a `with` or `assert`.
    fn ends_binding(&self, semicolon: usize) -> bool {
        for index in (0..semicolon).rev() {
            match self.0[index].0 {
                TOKEN_WITH | TOKEN_ASSERT => return false,
                TOKEN_ASSIGN | TOKEN_INHERIT | TOKEN_SEMICOLON | TOKEN_L_BRACE | TOKEN_LET => return true,
                _ => {}
            }
        }
        true
    }

    fn before(&self, index: usize) -> Option<&(SyntaxKind, Range<usize>)> {
        index.checked_sub(1).and_then(|i| self.0.get(i))
    }
}

fn same_line(text: &str, a: usize, b: usize) -> bool {
    let (a, b) = (a.min(b).min(text.len()), a.max(b).min(text.len()));
    !text.as_bytes()[a..b].contains(&b'\n')
}

/// A token as people call it.
fn describe(kind: SyntaxKind, text: &str) -> String {
    match kind {
        TOKEN_STRING_START | TOKEN_STRING_CONTENT => "a string".into(),
        TOKEN_STRING_END => "the end of a string".into(),
        TOKEN_ERROR if text.chars().count() == 1 => format!("the character `{text}`"),
        _ => {
            let first = text.lines().next().unwrap_or("");
            let short: String = first.chars().take(30).collect();
            format!("`{short}`")
        }
    }
}

fn wanted_name(kind: SyntaxKind) -> &'static str {
    match kind {
        TOKEN_SEMICOLON => "`;`",
        TOKEN_ASSIGN => "`=`",
        TOKEN_COLON => "`:`",
        TOKEN_R_BRACE => "`}`",
        TOKEN_L_BRACE => "`{`",
        TOKEN_R_PAREN => "`)`",
        TOKEN_THEN => "`then`",
        TOKEN_ELSE => "`else`",
        TOKEN_IN => "`in`",
        TOKEN_AT => "`@`",
        TOKEN_INTERPOL_END => "`}`",
        TOKEN_IDENT => "a name",
        TOKEN_ELLIPSIS => "`...`",
        _ => "something else",
    }
}

/// Reports every syntax error of a text whose brackets fit.
pub(super) fn report(text: &str, sink: &mut Vec<SyntaxError>) {
    if runaway::runaway(text, sink).is_none() {
        report_inner(text, sink);
    }
}

/// Errors after which no more are looked for.
const MOST: usize = 50;

/// Only the first error of a parse is trusted, since rnix picks up somewhere after it. The binding it
/// stands in is blanked out, byte for byte, and the rest is parsed again.
fn report_inner(text: &str, sink: &mut Vec<SyntaxError>) {
    let mut rest = text.as_bytes().to_vec();
    for round in 0..MOST {
        let Ok(current) = std::str::from_utf8(&rest) else { return };
        let tokens = Tokens::of(current);
        if tokens.0.is_empty() {
            if round == 0 {
                let at = Span::new(0..text.len().min(1));
                sink.push(
                    SyntaxError::new(ErrorKind::Syntax, at, "the file has no expression in it")
                        .help("write one; an override begins with `{ lib }:`"),
                );
            }
            return;
        }
        let parse = rnix::Root::parse(current);
        let Some(error) = parse.errors().first() else {
            if let Some(root) = rnix::Root::cast(parse.syntax()) {
                super::strict::check(&root, sink);
            }
            return;
        };
        let Some((at, finding)) = explain(current, &tokens, error, &parse.syntax()) else { return };
        let semicolon = finding.fix.as_ref().map(|fix| fix.at);
        let missing = (finding.kind == ErrorKind::MissingSemicolon).then_some(finding.primary.span.end);
        sink.push(finding);
        match (semicolon.or(missing), tokens.binding_around(at)) {
            // A blank in its place takes the `;`, so that all offsets stay.
            (Some(at), _) if rest.get(at).is_some_and(u8::is_ascii_whitespace) => rest[at] = b';',
            (_, Some(range)) => {
                for byte in &mut rest[range] {
                    if !byte.is_ascii_whitespace() {
                        *byte = b' ';
                    }
                }
            }
            _ => return,
        }
    }
}

fn explain(
    text: &str,
    tokens: &Tokens,
    error: &ParseError,
    root: &SyntaxNode,
) -> Option<(usize, SyntaxError)> {
    let span = |range: Range<usize>| Span::new(range);
    let token_at = |offset: usize| -> (SyntaxKind, Range<usize>) {
        tokens.0.get(tokens.at(offset)).cloned().unwrap_or((TOKEN_WHITESPACE, text.len()..text.len()))
    };
    match error {
        ParseError::UnexpectedWanted(_, range, wanted) => {
            let start = usize::from(range.start());
            let (kind, place) = token_at(start);
            Some((place.start, unexpected(text, tokens, (kind, place), wanted)))
        }
        ParseError::UnexpectedExtra(range) => {
            let (kind, place) = token_at(usize::from(range.start()));
            let found = describe(kind, &text[place.clone()]);
            let mut finding = SyntaxError::new(
                ErrorKind::Syntax,
                span(place.clone()),
                format!("the expression ends before this {found}"),
            );
            finding = match kind {
                TOKEN_COLON => {
                    finding.help("a function as an argument or operand stands in parentheses: `f (x: …)`")
                }
                TOKEN_ASSIGN => finding.help("bindings stand in a set `{ … }` or after `let`"),
                TOKEN_SEMICOLON => {
                    finding.help("remove the `;`: only bindings, `with` and `assert` end with one")
                }
                TOKEN_EQUAL | TOKEN_NOT_EQUAL | TOKEN_LESS | TOKEN_LESS_OR_EQ | TOKEN_MORE
                | TOKEN_MORE_OR_EQ => finding.help("comparisons do not chain; use parentheses or `&&`"),
                _ => finding.help("a file is one expression; join the parts with `//`, `++` or `let … in`"),
            };
            Some((place.start, finding))
        }
        ParseError::UnexpectedDoubleBind(range) => {
            let place = usize::from(range.start())..usize::from(range.end());
            let finding =
                SyntaxError::new(ErrorKind::Syntax, span(place.clone()), "the arguments have two names")
                    .help("keep one of `name@{ … }` and `{ … }@name`");
            Some((place.start, finding))
        }
        ParseError::Unexpected(range) => {
            let (kind, place) = token_at(usize::from(range.start()));
            let found = describe(kind, &text[place.clone()]);
            Some((
                place.start,
                SyntaxError::new(ErrorKind::Syntax, span(place), format!("unexpected {found}")),
            ))
        }
        ParseError::UnexpectedEOF => Some(at_end(tokens, &[], root)),
        ParseError::UnexpectedEOFWanted(wanted) => Some(at_end(tokens, wanted, root)),
        ParseError::RecursionLimitExceeded => {
            let scan = Tokens::of(text);
            let end = scan.0.last().map_or(0..0, |(_, range)| range.clone());
            Some((end.start, too_deep(span(end))))
        }
        other => Some((
            text.len(),
            SyntaxError::new(ErrorKind::Syntax, span(text.len()..text.len()), other.to_string()),
        )),
    }
}

fn unexpected(
    text: &str,
    tokens: &Tokens,
    (kind, place): (SyntaxKind, Range<usize>),
    wanted: &[SyntaxKind],
) -> SyntaxError {
    let found = describe(kind, &text[place.clone()]);
    let index = tokens.at(place.start);
    let before = tokens.before(index).map_or(0..0, |(_, range)| range.clone());
    let here = Span::new(place.clone());
    let after = |range: &Range<usize>| Span::new(range.clone());
    match wanted {
        // `inherit a }`: only names or `;` can follow.
        [TOKEN_SEMICOLON] | [TOKEN_IDENT, TOKEN_OR, ..] if wanted == [TOKEN_SEMICOLON] || tokens.inherits(index) => {
            // `a = 1 b = 2;` is read as the application of 1 to b; the `;` belongs before b.
            let mut end = index;
            if kind == TOKEN_ASSIGN {
                end = end.saturating_sub(1);
                while end >= 2 && tokens.0[end - 1].0 == TOKEN_DOT {
                    end -= 2;
                }
            }
            let previous = tokens.before(end).map_or(before, |(_, range)| range.clone());
            let next = tokens.0.get(end).map_or(text.len(), |(_, range)| range.start);
            let line = text[..previous.end].rsplit('\n').next().unwrap_or("").trim_start();
            let written = if line.len() <= 60 { line } else { "…" };
            let finding = SyntaxError::new(ErrorKind::MissingSemicolon, after(&previous), "`;` is missing after this")
                .label("a binding ends with `;`")
                .help(format!("write `{written};`"));
            if same_line(text, previous.end, next) {
                finding
            } else {
                finding.insert("add the `;`", previous.end, ";")
            }
        }
        [TOKEN_ASSIGN] => {
            let finding = SyntaxError::new(ErrorKind::Syntax, here, format!("expected `=` after the attribute's name, found {found}"));
            match kind {
                TOKEN_SEMICOLON => finding.help("write `name = value;`, or `inherit name;` to take it from around"),
                TOKEN_COMMA => finding.help("bindings end with `;`; the arguments of a function are written `{ a, b }:`"),
                TOKEN_IDENT if tokens.before(index.saturating_sub(1)).is_some_and(|(kind, _)| *kind == TOKEN_L_BRACE) => {
                    finding.help("write `name = value;`; the arguments of a function are separated by commas: `{ lib, openssl }:`")
                }
                TOKEN_COLON => finding.help("in Nix a binding is written `name = value;`"),
                _ => finding.help("write `name = value;`"),
            }
        }
        [TOKEN_R_BRACE] | [TOKEN_R_BRACE, TOKEN_ELLIPSIS, TOKEN_IDENT] if !matches!(kind, TOKEN_COMMA | TOKEN_SEMICOLON) => {
            SyntaxError::new(ErrorKind::Syntax, after(&before), "`,` is missing after this")
                .also(here, format!("so that {found} is unexpected"))
                .help("the arguments of a function are separated by commas: `{ lib, openssl }:`; `...` comes last")
        }
        [TOKEN_R_BRACE] | [TOKEN_R_BRACE, ..] => SyntaxError::new(ErrorKind::Syntax, here, format!("{found} does not belong here"))
            .help("the arguments of a function are names separated by single commas: `{ lib, openssl, ... }:`"),
        [TOKEN_COLON] => SyntaxError::new(ErrorKind::Syntax, here, format!("expected `:` after the arguments, found {found}"))
            .also(after(&before), "the arguments end here")
            .help("write `{ … }: body`"),
        [TOKEN_THEN | TOKEN_ELSE | TOKEN_IN] => SyntaxError::new(
            ErrorKind::Syntax,
            here,
            format!("expected {}, found {found}", wanted_name(wanted[0])),
        )
        .help(match wanted[0] {
            TOKEN_IN => "`let` bindings end with `in`",
            TOKEN_THEN if kind == TOKEN_ASSIGN => "`=` binds; what is equal is asked by `==`",
            _ => "write `if … then … else …`; the `else` is not optional",
        }),
        [single] => SyntaxError::new(ErrorKind::Syntax, here, format!("expected {}, found {found}", wanted_name(*single))),
        _ if wanted.contains(&TOKEN_L_PAREN) => expression_wanted(here, kind, &text[place], &found),
        _ => {
            let names: Vec<_> = wanted.iter().map(|kind| wanted_name(*kind)).filter(|n| *n != "something else").collect();
            SyntaxError::new(ErrorKind::Syntax, here, format!("expected {}, found {found}", names.join(" or ")))
        }
    }
}

fn expression_wanted(here: Span, kind: SyntaxKind, text: &str, found: &str) -> SyntaxError {
    let finding = SyntaxError::new(ErrorKind::Syntax, here, format!("expected a value, found {found}"));
    match kind {
        TOKEN_SEMICOLON => finding.help("write the value before the `;`"),
        TOKEN_IF | TOKEN_LET | TOKEN_WITH | TOKEN_ASSERT => {
            finding.help(format!("put it in parentheses: `({text} …)`"))
        }
        TOKEN_SUB => {
            finding.help("a negative number as an argument or in a list stands in parentheses: `(-1)`")
        }
        TOKEN_COMMA => finding.help("the items of a list are separated by blanks, bindings by `;`"),
        TOKEN_ASSIGN => finding.help("comparison is written `==`; bindings stand in `{ … }` or after `let`"),
        TOKEN_ERROR if text == "\u{feff}" => {
            finding.help("remove the byte order mark; Nix does not take one")
        }
        TOKEN_ERROR if text.contains('/') => {
            finding.help("a path neither ends with `/` nor contains `//`; a path in quotes is a string")
        }
        TOKEN_ERROR if text == "$" => {
            finding.help("a variable is written without `$`; `${…}` stands in strings and attribute paths")
        }
        TOKEN_ERROR if text == "'" => finding.help("strings are written \"…\" or ''…''"),
        TOKEN_ERROR if text == "&" || text == "|" => finding.help("the operators are `&&` and `||`"),
        _ => finding,
    }
}

fn at_end(tokens: &Tokens, wanted: &[SyntaxKind], root: &SyntaxNode) -> (usize, SyntaxError) {
    let last = tokens.0.last().map_or(0..0, |(_, range)| range.clone());
    let names: Vec<_> =
        wanted.iter().map(|kind| wanted_name(*kind)).filter(|n| *n != "something else").collect();
    let what = if names.is_empty() { "a value".to_owned() } else { names.join(" or ") };
    let mut finding = SyntaxError::new(
        ErrorKind::Syntax,
        Span::new(last.clone()),
        format!("the file ends where {what} was expected"),
    )
    .label("the last thing in the file");
    // The construct that is still open at the end of the file.
    let mut node = Some(root.clone());
    let mut open = None;
    while let Some(current) = node {
        if matches!(
            current.kind(),
            NODE_LET_IN | NODE_IF_ELSE | NODE_WITH | NODE_ASSERT | NODE_LAMBDA | NODE_ATTRPATH_VALUE
        ) {
            open = current.first_token();
        }
        node = current.children().last();
    }
    if let Some(token) = open {
        let range = token.text_range();
        if usize::from(range.start()) < last.start {
            finding = finding.also(super::span(range), "it began here");
        }
    }
    (last.start.max(1), finding)
}
