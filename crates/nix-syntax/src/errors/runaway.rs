//! Strings whose end is missing: they run on over code, and what was code becomes a string.

use std::ops::Range;

use rnix::SyntaxKind::*;

use crate::problem::{ErrorKind, Span, SyntaxError};

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
    let closing = |line: &str| matches!(line.trim(), "]" | "];" | "}" | "};" | ")" | ");");
    if &text[start.clone()] == "\"" {
        let mut lines = content.lines();
        let first = lines.next().unwrap_or("").trim_end();
        return content.contains('\n')
            && (first.ends_with(';')
                || first.ends_with(" ]")
                || first.ends_with(')')
                || lines.next().is_some_and(|line| binding(line) || closing(line)));
    }
    let line_start = text[..start.start].rfind('\n').map_or(0, |at| at + 1);
    let own = text[line_start..].len() - text[line_start..].trim_start_matches([' ', '\t']).len();
    content.lines().skip(1).any(|line| {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        indent <= own && (line.trim() == "};" || line.trim() == "}" || binding(line))
    })
}

pub(super) fn runaway(text: &str, sink: &mut Vec<SyntaxError>) -> Option<usize> {
    let start = runaway_string(text)?;
    let quote = &text[start.clone()];
    sink.push(
        SyntaxError::new(
            ErrorKind::Unclosed,
            Span::new(start.clone()),
            format!("this string is not closed: `{quote}` is missing"),
        )
        .label("the string begins here and runs on over the lines below")
        .help(format!("end it with `{quote}` where it was meant to end")),
    );
    Some(start.start)
}
