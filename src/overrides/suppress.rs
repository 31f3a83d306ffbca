//! `# pgflakegen: allow PGF307 because …`: findings allowed in place.

use std::ops::Range;

use rnix::SyntaxKind::TOKEN_COMMENT;
use rowan::ast::AstNode;

use super::Ctx;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, Span};

const MARK: &str = "pgflakegen:";

struct Allow {
    codes: Vec<Code>,
    place: Range<usize>,
    /// The lines, as offsets, on which a finding is allowed.
    lines: Range<usize>,
    used: bool,
}

/// Takes out what comments allow, and reports comments that allow nothing.
pub fn apply(ctx: &Ctx<'_>, found: Diagnostics) -> Diagnostics {
    if !ctx.text.contains(MARK) {
        return found;
    }
    let mut out = Diagnostics::new();
    let mut allows = Vec::new();
    let comments = ctx.root.syntax().descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    for token in comments.filter(|token| token.kind() == TOKEN_COMMENT) {
        let start = usize::from(token.text_range().start());
        if let Some(allow) = read(ctx, token.text(), start, &mut out) {
            allows.push(allow);
        }
    }
    for finding in found.into_vec() {
        let at = finding.primary.as_ref().map(|label| label.span.range().start);
        let allowed = allows.iter_mut().find(|allow| {
            allow.codes.contains(&finding.code) && at.is_some_and(|at| allow.lines.contains(&at))
        });
        match allowed {
            Some(allow) => allow.used = true,
            None => out.push(finding),
        }
    }
    for allow in allows.iter().filter(|allow| !allow.used) {
        let codes: Vec<_> = allow.codes.iter().map(|code| code.id()).collect();
        let line_start = ctx.text[..allow.place.start].rfind('\n').map_or(0, |at| at + 1);
        let alone = ctx.text[line_start..allow.place.start].trim().is_empty();
        let cut = match ctx.text[allow.place.end..].find('\n') {
            Some(end) if alone => line_start..allow.place.end + end + 1,
            _ => ctx.text[..allow.place.start].trim_end_matches([' ', '\t']).len()..allow.place.end,
        };
        out.push(
            Diagnostic::new(
                Code::AllowUnused,
                Span::new(ctx.file, allow.place.clone()),
                format!("nothing here needs {} to be allowed", codes.join(", ")),
            )
            .help("remove the comment")
            .fix(
                "remove the comment",
                vec![Edit { span: Span::new(ctx.file, cut), replacement: String::new() }],
            ),
        );
    }
    out
}

fn read(ctx: &Ctx<'_>, comment: &str, start: usize, out: &mut Diagnostics) -> Option<Allow> {
    let body = comment.trim_start_matches(['#', '/', '*']).trim_start();
    let rest = body.strip_prefix(MARK)?;
    let place = start..start + comment.trim_end().len();
    let span = Span::new(ctx.file, place.clone());
    let unclear = |out: &mut Diagnostics, message: String| {
        out.push(
            Diagnostic::new(Code::AllowUnknown, span, message)
                .help("write `# pgflakegen: allow PGF307 because …`"),
        );
        None
    };
    let Some(rest) = rest.trim_start().strip_prefix("allow").filter(|r| r.starts_with([' ', '\t'])) else {
        return unclear(out, "only `allow` can follow `pgflakegen:`".to_owned());
    };
    let (list, reason) = match rest.split_once(" because") {
        Some((list, reason)) => (list, reason.trim().trim_end_matches("*/").trim()),
        None => (rest.trim_end().trim_end_matches("*/"), ""),
    };
    let mut codes = Vec::new();
    for word in list.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        match Code::from_id(word) {
            Some(code) if code.id() < "PGF209" => {
                return unclear(out, format!("{} cannot be allowed", code.id()));
            }
            Some(code) => codes.push(code),
            None => return unclear(out, format!("`{word}` is no code")),
        }
    }
    if codes.is_empty() {
        return unclear(out, "no code is named".to_owned());
    }
    if reason.is_empty() {
        out.push(
            Diagnostic::new(Code::AllowReason, span, "the reason is missing, so nothing is allowed")
                .help(format!("write `# pgflakegen: allow {} because …`", codes[0].id())),
        );
        return None;
    }
    Some(Allow { codes, lines: covered(ctx.text, &place), place, used: false })
}

/// The comment's own line, and when it stands alone the next line that is neither blank nor comment.
fn covered(text: &str, place: &Range<usize>) -> Range<usize> {
    let line_start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let end_of = |from: usize| text[from..].find('\n').map_or(text.len(), |at| from + at + 1);
    let mut end = end_of(place.end);
    if text[line_start..place.start].trim().is_empty() {
        loop {
            let next = end_of(end);
            let line = text[end..next].trim();
            end = next;
            if end >= text.len() || !(line.is_empty() || line.starts_with('#')) {
                break;
            }
        }
    }
    line_start..end
}
