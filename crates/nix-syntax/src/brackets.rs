//! Brackets and strings that are not closed, found on the tokens.
//!
//! rnix takes any token for the end of a parenthesis and reports a missing bracket where the file
//! ends. Here each opening bracket is followed to its end, so that a finding can point at the place
//! where the construct began.

use std::ops::Range;

use rnix::SyntaxKind::{self, *};

use super::depth;

/// A bracket or string that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// Opened and never closed; `found` is what stands where the end was due, if not the end of file.
    Unclosed { open: Range<usize>, found: Option<Range<usize>> },
    /// Closes nothing.
    Unopened { close: Range<usize> },
    /// Closed by a bracket of another kind.
    Mismatched { open: Range<usize>, close: Range<usize> },
    /// `let` without `in`.
    LetWithoutIn { open: Range<usize> },
    /// A comment without `*/`.
    UnclosedComment { open: Range<usize> },
}

/// A change of the text that would make the brackets fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repair {
    /// What is taken out; empty for an insertion.
    pub at: Range<usize>,
    /// What is put in.
    pub text: &'static str,
}

/// What [`scan`] found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The bracket at which the nesting became too deep.
    pub too_deep: Option<Range<usize>>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
    /// One for each problem that can be repaired.
    pub repairs: Vec<Repair>,
    /// The first closing brace that stands as if it were one too many.
    extra: Option<Range<usize>>,
}

struct Open {
    kind: SyntaxKind,
    range: Range<usize>,
    /// Indentation of the line it stands on.
    indent: usize,
    line: usize,
    /// `with`, `assert` whose `;` is still to come, and `let` whose `in` is.
    awaited: usize,
    lets: Vec<Range<usize>>,
    /// A bracket directly inside whose closing bracket is indented less than its line: the likely
    /// place of a missing one.
    suspect: Option<Range<usize>>,
}

fn closes(open: SyntaxKind) -> (SyntaxKind, &'static str) {
    match open {
        TOKEN_L_BRACE => (TOKEN_R_BRACE, "}"),
        TOKEN_L_BRACK => (TOKEN_R_BRACK, "]"),
        TOKEN_L_PAREN => (TOKEN_R_PAREN, ")"),
        TOKEN_INTERPOL_START => (TOKEN_INTERPOL_END, "}"),
        _ => (TOKEN_STRING_END, "\""),
    }
}

/// Follows every bracket of `text`.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    let mut stack: Vec<Open> = Vec::new();
    let (mut offset, mut line, mut indent, mut line_fresh) = (0, 0, 0, true);
    let (mut top_lets, mut last) = (Vec::new(), TOKEN_WHITESPACE);
    if depth::bound(text) > depth::MAX_DEPTH {
        scan.too_deep = Some(deepest(text));
        return scan;
    }
    let braces = Balance::of(text);
    for (kind, token) in rnix::tokenize(text) {
        let range = offset..offset + token.len();
        offset = range.end;
        if kind.is_trivia() || kind == TOKEN_STRING_CONTENT {
            if let Some(newline) = token.rfind('\n') {
                line += token.matches('\n').count();
                if kind == TOKEN_WHITESPACE {
                    indent = token.len() - newline - 1;
                    line_fresh = true;
                }
            }
            continue;
        }
        let first_on_line = std::mem::take(&mut line_fresh);
        // The old `let { … }` has no `in`.
        if kind == TOKEN_L_BRACE && last == TOKEN_LET {
            stack.last_mut().map_or(&mut top_lets, |open| &mut open.lets).pop();
        }
        let last_kind = std::mem::replace(&mut last, kind);
        match kind {
            TOKEN_L_BRACE | TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START | TOKEN_STRING_START => {
                if stack.len() >= depth::MAX_BRACKETS {
                    scan.too_deep = Some(range);
                    return scan;
                }
                stack.push(Open { kind, range, indent, line, awaited: 0, lets: Vec::new(), suspect: None });
            }
            TOKEN_R_BRACE | TOKEN_R_BRACK | TOKEN_R_PAREN | TOKEN_INTERPOL_END | TOKEN_STRING_END => {
                close(
                    &mut scan,
                    &mut stack,
                    kind,
                    range,
                    (first_on_line, last_kind == TOKEN_R_BRACE, indent, line),
                    &braces,
                );
            }
            TOKEN_SEMICOLON => semicolon(&mut scan, &mut stack, range),
            TOKEN_WITH | TOKEN_ASSERT => {
                if let Some(open) = stack.last_mut() {
                    open.awaited += 1;
                }
            }
            TOKEN_LET => stack.last_mut().map_or(&mut top_lets, |open| &mut open.lets).push(range),
            TOKEN_IN => {
                stack.last_mut().map_or(&mut top_lets, |open| &mut open.lets).pop();
            }
            TOKEN_ERROR if token.starts_with("/*") => {
                scan.problems.push(Problem::UnclosedComment { open: range.start..range.start + 2 });
                scan.repairs.push(Repair { at: range, text: "" });
            }
            _ => {}
        }
    }
    while let Some(open) = stack.pop() {
        scan.lets(&open.lets);
        if let Some(suspect) = open.suspect.clone() {
            scan.problems.push(Problem::Unclosed { open: suspect, found: None });
        } else {
            scan.problems.push(Problem::Unclosed { open: open.range.clone(), found: None });
        }
        let two = &text[open.range.clone()] == "''";
        scan.repairs
            .push(Repair { at: text.len()..text.len(), text: if two { "''" } else { closes(open.kind).1 } });
    }
    scan.lets(&top_lets);
    scan
}

/// How many brackets of each kind are opened and closed in all.
struct Balance {
    braces: isize,
    brackets: isize,
    parens: isize,
}

impl Balance {
    fn of(text: &str) -> Self {
        let mut balance = Balance { braces: 0, brackets: 0, parens: 0 };
        for (kind, _) in rnix::tokenize(text) {
            match kind {
                TOKEN_L_BRACE => balance.braces += 1,
                TOKEN_R_BRACE => balance.braces -= 1,
                TOKEN_L_BRACK => balance.brackets += 1,
                TOKEN_R_BRACK => balance.brackets -= 1,
                TOKEN_L_PAREN => balance.parens += 1,
                TOKEN_R_PAREN => balance.parens -= 1,
                _ => {}
            }
        }
        balance
    }

    fn lacks_end(&self, open: SyntaxKind) -> bool {
        match open {
            TOKEN_L_BRACE => self.braces > 0,
            TOKEN_L_BRACK => self.brackets > 0,
            TOKEN_L_PAREN => self.parens > 0,
            _ => false,
        }
    }
}

impl Scan {
    fn lets(&mut self, open: &[Range<usize>]) {
        self.problems.extend(open.iter().map(|open| Problem::LetWithoutIn { open: open.clone() }));
    }
}

/// A `;` directly inside `[ ]`, `( )` or `${ }` that no `with`, `assert` or `let` awaits: the bracket
/// was to be closed before it.
fn semicolon(scan: &mut Scan, stack: &mut Vec<Open>, range: Range<usize>) {
    while let Some(open) = stack.last_mut() {
        if !open.lets.is_empty() || open.kind == TOKEN_L_BRACE {
            return;
        }
        if open.awaited > 0 {
            open.awaited -= 1;
            return;
        }
        // Only when something around it can own the `;`.
        if !matches!(open.kind, TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START)
            || !stack.iter().rev().skip(1).any(|o| o.kind == TOKEN_L_BRACE || !o.lets.is_empty())
            || stack.len() >= 2 && stack[stack.len() - 2].kind == TOKEN_STRING_START
        {
            return;
        }
        let Some(open) = stack.pop() else { return };
        scan.repairs.push(Repair { at: range.start..range.start, text: closes(open.kind).1 });
        scan.problems.push(Problem::Unclosed { open: open.range, found: Some(range.clone()) });
    }
}

fn close(
    scan: &mut Scan,
    stack: &mut Vec<Open>,
    kind: SyntaxKind,
    range: Range<usize>,
    (first_on_line, glued, indent, line): (bool, bool, usize, usize),
    balance: &Balance,
) {
    let fits = |open: &Open| closes(open.kind).0 == kind;
    let Some(at) = stack.iter().rposition(fits) else {
        match stack.pop() {
            // `{ … )`: the wrong kind rather than one too many, if its own end is missing.
            Some(open) if balance.lacks_end(open.kind) => {
                scan.repairs.push(Repair { at: range.clone(), text: closes(open.kind).1 });
                scan.problems.push(Problem::Mismatched { open: open.range, close: range });
            }
            other => {
                stack.extend(other);
                let place = scan.extra.take().filter(|_| kind == TOKEN_R_BRACE).unwrap_or(range);
                scan.repairs.push(Repair { at: place.clone(), text: "" });
                scan.problems.push(Problem::Unopened { close: place });
            }
        }
        return;
    };
    for open in stack.drain(at + 1..).rev() {
        scan.repairs.push(Repair { at: range.start..range.start, text: closes(open.kind).1 });
        let place = open.suspect.unwrap_or(open.range);
        scan.problems.push(Problem::Unclosed { open: place, found: Some(range.clone()) });
    }
    let Some(open) = stack.pop() else { return };
    scan.lets(&open.lets);
    // Not the first on its line although what it closes began on another line, or indented more.
    let odd = line > open.line && (!first_on_line && glued || first_on_line && indent > open.indent);
    if kind == TOKEN_R_BRACE && odd && scan.extra.is_none() {
        scan.extra = Some(range.clone());
    }
    if kind == TOKEN_R_BRACE
        && let Some(around) = stack.last_mut()
    {
        let shifted = first_on_line && line > open.line && indent < open.indent;
        if shifted && around.suspect.is_none() {
            around.suspect = Some(open.suspect.unwrap_or(open.range));
        } else if around.suspect.is_none() {
            around.suspect = open.suspect;
        }
    }
}

/// The opening bracket, or failing that the token, deepest in a text that nests too deeply.
fn deepest(text: &str) -> Range<usize> {
    let (mut offset, mut depth, mut best) = (0usize, 0usize, (0usize, 0..text.len().min(1)));
    for (kind, token) in depth::tokens(text) {
        match kind {
            TOKEN_L_BRACE | TOKEN_L_BRACK | TOKEN_L_PAREN | TOKEN_INTERPOL_START => {
                depth += 1;
                if depth > best.0 && depth <= depth::MAX_BRACKETS {
                    best = (depth, offset..offset + token.len());
                }
            }
            TOKEN_R_BRACE | TOKEN_R_BRACK | TOKEN_R_PAREN | TOKEN_INTERPOL_END => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        offset += token.len();
    }
    best.1
}
