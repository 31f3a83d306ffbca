//! Syntax errors as findings: what was expected, where the construct began, what to type.

use std::ops::Range;

use rnix::{ParseError, SyntaxKind, SyntaxKind::*, SyntaxNode};

use super::brackets::{Problem, Scan};
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, SourceId, Span};

/// The finding for a text that nests too deeply to be parsed.
pub(super) fn too_deep(at: Span) -> Diagnostic {
    Diagnostic::new(Code::NixTooDeep, at, "this nests too deeply to be parsed")
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

/// A string that runs on over what was surely meant to be code, because its closing quote is missing.
fn runaway_string(text: &str) -> Option<Range<usize>> {
    let mut offset = 0;
    let mut open: Vec<Range<usize>> = Vec::new();
    for (kind, token) in rnix::tokenize(text) {
        let range = offset..offset + token.len();
        offset = range.end;
        match kind {
            TOKEN_STRING_START => open.push(range),
            TOKEN_STRING_END => {
                open.pop();
            }
            TOKEN_STRING_CONTENT | TOKEN_ERROR => {
                let Some(start) = open.last() else { continue };
                if runs_on(text, start, token) {
                    return Some(start.clone());
                }
            }
            _ => {}
        }
    }
    None
}

fn runs_on(text: &str, start: &Range<usize>, content: &str) -> bool {
    let binding = |line: &str| {
        let name: String =
            line.trim_start().chars().take_while(|c| c.is_alphanumeric() || "_-.".contains(*c)).collect();
        !name.is_empty() && line.trim_start()[name.len()..].starts_with(" = ")
    };
    if &text[start.clone()] == "\"" {
        let mut lines = content.lines();
        let first = lines.next().unwrap_or("").trim_end();
        return content.contains('\n')
            && (first.ends_with(';') || first.ends_with(" ]") || first.ends_with(')') || lines.next().is_some_and(binding));
    }
    let line_start = text[..start.start].rfind('\n').map_or(0, |at| at + 1);
    let own = text[line_start..].len() - text[line_start..].trim_start_matches([' ', '\t']).len();
    content.lines().skip(1).any(|line| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        indent <= own && (line.trim() == "};" || line.trim() == "}" || binding(line))
    })
}

fn runaway(source: SourceId, text: &str, sink: &mut Diagnostics) -> Option<usize> {
    let start = runaway_string(text)?;
    let quote = &text[start.clone()];
    sink.push(
        Diagnostic::new(Code::NixUnclosed, Span::new(source, start.clone()), format!("this string is not closed: `{quote}` is missing"))
            .label("the string begins here and runs on over the lines below")
            .help(format!("end it with `{quote}` where it was meant to end")),
    );
    Some(start.start)
}

/// Reports brackets and strings that do not fit, and the other errors of a text repaired so that
/// they do.
pub(super) fn report_unbalanced(source: SourceId, text: &str, scan: &Scan, sink: &mut Diagnostics) {
    let limit = runaway(source, text, sink);
    let within = |at: usize| limit.is_none_or(|limit| at < limit);
    let place = |problem: &Problem| match problem {
        Problem::Unclosed { open, .. } | Problem::UnclosedComment { open } => open.start,
        Problem::Unopened { close } | Problem::Mismatched { close, .. } => close.start,
    };
    // An unclosed string swallows the rest of the file: nothing after it can be judged.
    let swallowed = scan.problems.iter().rposition(|problem| {
        matches!(problem, Problem::Unclosed { open, found: None } if text[open.clone()].starts_with(['"', '\'']))
    });
    if limit.is_none()
        && let Some(Problem::Unclosed { open, .. }) = swallowed.map(|at| &scan.problems[at])
    {
        let quote = &text[open.clone()];
        sink.push(
            Diagnostic::new(Code::NixUnclosed, Span::new(source, open.clone()), format!("this string is not closed: `{quote}` is missing"))
                .label("the string begins here and runs on to the end of the file")
                .help(format!("end it with `{quote}` where it was meant to end")),
        );
        return;
    }
    for problem in scan.problems.iter().filter(|p| within(place(p))) {
        let closed_at_end = matches!(problem, Problem::Unclosed { found: None, .. });
        if limit.is_some() && closed_at_end {
            continue;
        }
        sink.push(unbalanced(source, text, problem));
    }
    if limit.is_some() {
        return;
    }
    let mut repairs = scan.repairs.clone();
    repairs.sort_by_key(|repair| (repair.at.start, repair.at.end));
    let (mut repaired, mut map, mut taken) = (String::new(), Vec::new(), 0usize);
    for repair in &repairs {
        if repair.at.start < taken {
            return;
        }
        repaired.push_str(&text[taken..repair.at.start]);
        repaired.push_str(repair.text);
        taken = repair.at.end;
        map.push((repaired.len(), taken));
    }
    repaired.push_str(&text[taken..]);
    // Inner brackets are closed first: repairs at one place come out in the order they were found.
    if !super::brackets::scan(&repaired).problems.is_empty() {
        return;
    }
    let original = |offset: usize| {
        let at = map.partition_point(|(new, _)| *new <= offset);
        at.checked_sub(1).map_or(offset, |i| map[i].1 + (offset - map[i].0)).min(text.len())
    };
    let parse = rnix::Root::parse(&repaired);
    let mut others = Diagnostics::new();
    report_inner(source, &repaired, parse.errors(), &parse.syntax(), &mut others);
    for mut finding in others.into_vec() {
        let moved = |span: Span| Span::new(source, original(span.range().start)..original(span.range().end));
        let Some(primary) = &mut finding.primary else { continue };
        primary.span = moved(primary.span);
        let at = primary.span.range().start;
        let near = |offset: usize| same_line(text, at, offset);
        if repairs.iter().any(|r| near(r.at.start)) || scan.problems.iter().any(|p| near(place(p))) {
            continue;
        }
        finding.secondary.iter_mut().for_each(|label| label.span = moved(label.span));
        finding.fix = None;
        sink.push(finding);
    }
}

fn unbalanced(source: SourceId, text: &str, problem: &Problem) -> Diagnostic {
    let span = |range: &Range<usize>| Span::new(source, range.clone());
    let closer = |open: &Range<usize>| match &text[open.clone()] {
        "{" | "${" => "}",
        "[" => "]",
        "(" => ")",
        other => other,
    }
    .to_owned();
    match problem {
        Problem::Unclosed { open, found } => {
            let (opening, closing) = (&text[open.clone()], closer(open));
            let finding = Diagnostic::new(
                Code::NixUnclosed,
                span(open),
                format!("this `{opening}` is not closed: `{closing}` is missing"),
            )
            .label("opened here");
            match found {
                Some(found) => finding
                    .also(span(found), format!("`{closing}` was due before this `{}`", &text[found.clone()]))
                    .help(format!("write `{closing}` where what it holds ends")),
                None => finding.help(format!("write `{closing}` where what it holds ends; the file ends without it")),
            }
        }
        Problem::Unopened { close } => {
            let closing = &text[close.clone()];
            Diagnostic::new(Code::NixUnopened, span(close), format!("this `{closing}` closes nothing"))
                .help(format!("remove this `{closing}`, or write what it is to close"))
        }
        Problem::Mismatched { open, close } => {
            let (opening, closing) = (&text[open.clone()], closer(open));
            Diagnostic::new(
                Code::NixUnopened,
                span(close),
                format!("`{opening}` is closed by `{}` in place of `{closing}`", &text[close.clone()]),
            )
            .also(span(open), "opened here")
            .help(format!("write `{closing}` here"))
        }
        Problem::UnclosedComment { open } => {
            Diagnostic::new(Code::NixUnclosed, span(open), "this comment is not closed: `*/` is missing")
                .label("the comment begins here and runs on to the end of the file")
                .help("end it with `*/`")
        }
    }
}

/// Reports rnix's errors for a text whose brackets fit.
pub(super) fn report(source: SourceId, text: &str, errors: &[ParseError], root: &SyntaxNode, sink: &mut Diagnostics) {
    if runaway(source, text, sink).is_some() {
        return;
    }
    report_inner(source, text, errors, root, sink);
}

fn report_inner(source: SourceId, text: &str, errors: &[ParseError], root: &SyntaxNode, sink: &mut Diagnostics) {
    let tokens = Tokens::of(text);
    if tokens.0.is_empty() {
        sink.push(
            Diagnostic::new(Code::NixSyntax, Span::new(source, 0..text.len().min(1)), "the file has no expression in it")
                .help("write one; an override begins with `{ lib }:`"),
        );
        return;
    }
    // After an error rnix picks up at the next token it can use; what it finds on the same line is
    // the same mistake seen again.
    let mut last: Option<usize> = None;
    for error in errors {
        let Some((at, finding)) = explain(source, text, &tokens, error, root) else { continue };
        if last.is_some_and(|last| at <= last || same_line(text, last, at)) {
            continue;
        }
        last = Some(at);
        sink.push(finding);
    }
}

fn explain(
    source: SourceId,
    text: &str,
    tokens: &Tokens,
    error: &ParseError,
    root: &SyntaxNode,
) -> Option<(usize, Diagnostic)> {
    let span = |range: Range<usize>| Span::new(source, range);
    let token_at = |offset: usize| -> (SyntaxKind, Range<usize>) {
        tokens.0.get(tokens.at(offset)).cloned().unwrap_or((TOKEN_WHITESPACE, text.len()..text.len()))
    };
    match error {
        ParseError::UnexpectedWanted(_, range, wanted) => {
            let start = usize::from(range.start());
            let (kind, place) = token_at(start);
            Some((place.start, unexpected(source, text, tokens, (kind, place), wanted)))
        }
        ParseError::UnexpectedExtra(range) => {
            let (kind, place) = token_at(usize::from(range.start()));
            let found = describe(kind, &text[place.clone()]);
            let mut finding = Diagnostic::new(
                Code::NixSyntax,
                span(place.clone()),
                format!("the expression ends before this {found}"),
            );
            finding = match kind {
                TOKEN_COLON => finding.help("a function as an argument or operand stands in parentheses: `f (x: …)`"),
                TOKEN_ASSIGN => finding.help("bindings stand in a set `{ … }` or after `let`"),
                TOKEN_SEMICOLON => finding.help("remove the `;`: only bindings, `with` and `assert` end with one"),
                TOKEN_EQUAL | TOKEN_NOT_EQUAL | TOKEN_LESS | TOKEN_LESS_OR_EQ | TOKEN_MORE | TOKEN_MORE_OR_EQ => {
                    finding.help("comparisons do not chain; use parentheses or `&&`")
                }
                _ => finding.help("a file is one expression; join the parts with `//`, `++` or `let … in`"),
            };
            Some((place.start, finding))
        }
        ParseError::UnexpectedDoubleBind(range) => {
            let place = usize::from(range.start())..usize::from(range.end());
            let finding = Diagnostic::new(Code::NixSyntax, span(place.clone()), "the arguments have two names")
                .help("keep one of `name@{ … }` and `{ … }@name`");
            Some((place.start, finding))
        }
        ParseError::Unexpected(range) => {
            let (kind, place) = token_at(usize::from(range.start()));
            let found = describe(kind, &text[place.clone()]);
            Some((place.start, Diagnostic::new(Code::NixSyntax, span(place), format!("unexpected {found}"))))
        }
        ParseError::UnexpectedEOF => Some(at_end(source, tokens, &[], root)),
        ParseError::UnexpectedEOFWanted(wanted) => Some(at_end(source, tokens, wanted, root)),
        ParseError::RecursionLimitExceeded => {
            let scan = Tokens::of(text);
            let end = scan.0.last().map_or(0..0, |(_, range)| range.clone());
            Some((end.start, too_deep(span(end))))
        }
        other => Some((text.len(), Diagnostic::new(Code::NixSyntax, span(text.len()..text.len()), other.to_string()))),
    }
}

fn unexpected(
    source: SourceId,
    text: &str,
    tokens: &Tokens,
    (kind, place): (SyntaxKind, Range<usize>),
    wanted: &[SyntaxKind],
) -> Diagnostic {
    let found = describe(kind, &text[place.clone()]);
    let index = tokens.at(place.start);
    let before = tokens.before(index).map_or(0..0, |(_, range)| range.clone());
    let here = Span::new(source, place.clone());
    let after = |range: &Range<usize>| Span::new(source, range.clone());
    match wanted {
        [TOKEN_SEMICOLON] => {
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
            let finding = Diagnostic::new(Code::NixMissingSemicolon, after(&previous), "`;` is missing after this")
                .label("a binding ends with `;`")
                .help(format!("write `{};`", text[previous.clone()].lines().last().unwrap_or("")));
            if same_line(text, previous.end, next) {
                finding
            } else {
                let at = Span::new(source, previous.end..previous.end);
                finding.fix("add the `;`", vec![Edit { span: at, replacement: ";".into() }])
            }
        }
        [TOKEN_ASSIGN] => {
            let finding = Diagnostic::new(Code::NixSyntax, here, format!("expected `=` after the attribute's name, found {found}"));
            match kind {
                TOKEN_SEMICOLON => finding.help("write `name = value;`, or `inherit name;` to take it from around"),
                TOKEN_COMMA => finding.help("bindings end with `;`; the arguments of a function are written `{ a, b }:`"),
                TOKEN_COLON => finding.help("in Nix a binding is written `name = value;`"),
                _ => finding.help("write `name = value;`"),
            }
        }
        [TOKEN_R_BRACE] | [TOKEN_R_BRACE, TOKEN_ELLIPSIS, TOKEN_IDENT] if !matches!(kind, TOKEN_COMMA | TOKEN_SEMICOLON) => {
            Diagnostic::new(Code::NixSyntax, after(&before), "`,` is missing after this")
                .also(here, format!("so that {found} is unexpected"))
                .help("the arguments of a function are separated by commas: `{ lib, openssl }:`; `...` comes last")
        }
        [TOKEN_R_BRACE] | [TOKEN_R_BRACE, ..] => Diagnostic::new(Code::NixSyntax, here, format!("{found} does not belong here"))
            .help("the arguments of a function are names separated by single commas: `{ lib, openssl, ... }:`"),
        [TOKEN_COLON] => Diagnostic::new(Code::NixSyntax, here, format!("expected `:` after the arguments, found {found}"))
            .also(after(&before), "the arguments end here")
            .help("write `{ … }: body`"),
        [TOKEN_THEN | TOKEN_ELSE | TOKEN_IN] => Diagnostic::new(
            Code::NixSyntax,
            here,
            format!("expected {}, found {found}", wanted_name(wanted[0])),
        )
        .help(if wanted[0] == TOKEN_IN { "`let` bindings end with `in`" } else { "write `if … then … else …`; the `else` is not optional" }),
        [single] => Diagnostic::new(Code::NixSyntax, here, format!("expected {}, found {found}", wanted_name(*single))),
        _ if wanted.contains(&TOKEN_L_PAREN) => expression_wanted(here, kind, &text[place], &found),
        _ => {
            let names: Vec<_> = wanted.iter().map(|kind| wanted_name(*kind)).filter(|n| *n != "something else").collect();
            Diagnostic::new(Code::NixSyntax, here, format!("expected {}, found {found}", names.join(" or ")))
        }
    }
}

fn expression_wanted(here: Span, kind: SyntaxKind, text: &str, found: &str) -> Diagnostic {
    let finding = Diagnostic::new(Code::NixSyntax, here, format!("expected a value, found {found}"));
    match kind {
        TOKEN_SEMICOLON => finding.help("write the value before the `;`"),
        TOKEN_IF | TOKEN_LET | TOKEN_WITH | TOKEN_ASSERT => {
            finding.help(format!("put it in parentheses: `({text} …)`"))
        }
        TOKEN_SUB => finding.help("a negative number as an argument or in a list stands in parentheses: `(-1)`"),
        TOKEN_COMMA => finding.help("the items of a list are separated by blanks, bindings by `;`"),
        TOKEN_ASSIGN => finding.help("comparison is written `==`; bindings stand in `{ … }` or after `let`"),
        TOKEN_ERROR if text == "\u{feff}" => finding.help("remove the byte order mark; Nix does not take one"),
        TOKEN_ERROR if text.contains('/') => {
            finding.help("a path neither ends with `/` nor contains `//`; a path in quotes is a string")
        }
        TOKEN_ERROR if text == "$" => finding.help("a variable is written without `$`; `${…}` stands in strings and attribute paths"),
        TOKEN_ERROR if text == "'" => finding.help("strings are written \"…\" or ''…''"),
        TOKEN_ERROR if text == "&" || text == "|" => finding.help("the operators are `&&` and `||`"),
        _ => finding,
    }
}

fn at_end(
    source: SourceId,
    tokens: &Tokens,
    wanted: &[SyntaxKind],
    root: &SyntaxNode,
) -> (usize, Diagnostic) {
    let last = tokens.0.last().map_or(0..0, |(_, range)| range.clone());
    let names: Vec<_> = wanted.iter().map(|kind| wanted_name(*kind)).filter(|n| *n != "something else").collect();
    let what = if names.is_empty() { "a value".to_owned() } else { names.join(" or ") };
    let mut finding = Diagnostic::new(
        Code::NixSyntax,
        Span::new(source, last.clone()),
        format!("the file ends where {what} was expected"),
    )
    .label("the last thing in the file");
    // The construct that is still open at the end of the file.
    let mut node = Some(root.clone());
    let mut open = None;
    while let Some(current) = node {
        if matches!(current.kind(), NODE_LET_IN | NODE_IF_ELSE | NODE_WITH | NODE_ASSERT | NODE_LAMBDA | NODE_ATTRPATH_VALUE) {
            open = current.first_token();
        }
        node = current.children().last();
    }
    if let Some(token) = open {
        let range = token.text_range();
        if usize::from(range.start()) < last.start {
            finding = finding.also(super::span(source, range), "it began here");
        }
    }
    (last.start.max(1), finding)
}
