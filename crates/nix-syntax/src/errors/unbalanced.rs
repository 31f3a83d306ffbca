//! Brackets that do not fit, and the other errors of a text repaired so that they do.

use std::ops::Range;

use super::super::brackets::{self, Problem, Scan};
use super::runaway::runaway;
use super::{report_inner, same_line};
use crate::problem::{ErrorKind, Span, SyntaxError};

/// Reports brackets and strings that do not fit, and the other errors of a text repaired so that
/// they do.
pub(in super::super) fn report_unbalanced(text: &str, scan: &Scan, sink: &mut Vec<SyntaxError>) {
    let limit = runaway(text, sink);
    let within = |at: usize| limit.is_none_or(|limit| at < limit);
    let place = |problem: &Problem| match problem {
        Problem::Unclosed { open, .. }
        | Problem::UnclosedComment { open }
        | Problem::LetWithoutIn { open } => open.start,
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
            SyntaxError::new(
                ErrorKind::Unclosed,
                Span::new(open.clone()),
                format!("this string is not closed: `{quote}` is missing"),
            )
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
        sink.push(unbalanced(text, problem));
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
    if !brackets::scan(&repaired).problems.is_empty() {
        return;
    }
    let original = |offset: usize| {
        let at = map.partition_point(|(new, _)| *new <= offset);
        at.checked_sub(1).map_or(offset, |i| map[i].1 + (offset - map[i].0)).min(text.len())
    };
    // What a bracket closed at the end of the file has swallowed cannot be judged.
    let judged = scan
        .problems
        .iter()
        .filter(|p| matches!(p, Problem::Unclosed { found: None, .. } | Problem::LetWithoutIn { .. }))
        .map(place)
        .min()
        .unwrap_or(text.len());
    let mut others = Vec::new();
    report_inner(&repaired, &mut others);
    for mut finding in others {
        let moved = |span: Span| Span::new(original(span.range().start)..original(span.range().end));
        finding.primary.span = moved(finding.primary.span);
        let at = finding.primary.span.start;
        if at >= judged {
            continue;
        }
        let near = |offset: usize| same_line(text, at, offset);
        if repairs.iter().any(|r| near(r.at.start)) || scan.problems.iter().any(|p| near(place(p))) {
            continue;
        }
        finding.secondary.iter_mut().for_each(|label| label.span = moved(label.span));
        finding.fix = None;
        sink.push(finding);
    }
}

fn unbalanced(text: &str, problem: &Problem) -> SyntaxError {
    let span = |range: &Range<usize>| Span::new(range.clone());
    let closer = |open: &Range<usize>| {
        match &text[open.clone()] {
            "{" | "${" => "}",
            "[" => "]",
            "(" => ")",
            other => other,
        }
        .to_owned()
    };
    match problem {
        Problem::Unclosed { open, found } => {
            let (opening, closing) = (&text[open.clone()], closer(open));
            let finding = SyntaxError::new(
                ErrorKind::Unclosed,
                span(open),
                format!("this `{opening}` is not closed: `{closing}` is missing"),
            )
            .label("opened here");
            match found {
                Some(found) => finding
                    .also(span(found), format!("`{closing}` was due before this `{}`", &text[found.clone()]))
                    .help(format!("write `{closing}` where what it holds ends")),
                None => finding
                    .help(format!("write `{closing}` where what it holds ends; the file ends without it")),
            }
        }
        Problem::Unopened { close } => {
            let closing = &text[close.clone()];
            SyntaxError::new(ErrorKind::Unopened, span(close), format!("this `{closing}` closes nothing"))
                .help(format!("remove this `{closing}`, or write what it is to close"))
        }
        Problem::Mismatched { open, close } => {
            let (opening, closing) = (&text[open.clone()], closer(open));
            SyntaxError::new(
                ErrorKind::Unopened,
                span(close),
                format!("`{opening}` is closed by `{}` in place of `{closing}`", &text[close.clone()]),
            )
            .also(span(open), "opened here")
            .help(format!("write `{closing}` here"))
        }
        Problem::LetWithoutIn { open } => {
            SyntaxError::new(ErrorKind::Unclosed, span(open), "this `let` has no `in`")
                .label("its bindings begin here")
                .help("write `in` after its last binding")
        }
        Problem::UnclosedComment { open } => {
            SyntaxError::new(ErrorKind::Unclosed, span(open), "this comment is not closed: `*/` is missing")
                .label("the comment begins here and runs on to the end of the file")
                .help("end it with `*/`")
        }
    }
}
