//! `# pgflakegen: allow PGF307 because …`: findings allowed in place.

use std::ops::Range;

use rnix::SyntaxKind::TOKEN_COMMENT;
use rnix::SyntaxNode;
use rowan::ast::AstNode;

use super::Ctx;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, SourceId, Span};
use crate::nix::syntax;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    AllowReason =
        "Whoever reads the file later needs to know why the finding was allowed: `# pgflakegen: allow PGF307 \
         because the inputs of nixpkgs are for another version`. Without a reason nothing is allowed.";
    AllowUnknown =
        "After `# pgflakegen: allow` come one or more codes (PGF307, PGF311), `because` and the reason. Syntax \
         errors cannot be allowed.";
    AllowUnused =
        "The comment names a code that has no finding on its line or the next. The mistake was mended, or the \
         comment has moved away from it. Remove it.";
};

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
    let mut allows = allows(ctx.file, ctx.text, ctx.root.syntax(), &mut out);
    take_out(ctx.file, &mut allows, found, &mut out);
    // Whether a code of evaluation is needed, only evaluation can tell.
    let judged = |allow: &&Allow| !allow.codes.iter().any(|code| ("PGF400".."PGF500").contains(&code.id()));
    for allow in allows.iter().filter(|allow| !allow.used).filter(judged) {
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

/// Takes out what comments in `file` allow; for findings that the rules did not make.
pub fn allowed(file: SourceId, text: &str, found: Diagnostics) -> Diagnostics {
    if !text.contains(MARK) {
        return found;
    }
    let mut out = Diagnostics::new();
    // What is wrong with the comments themselves is told by `apply`.
    let allows = syntax::with_stack(text, || {
        allows(file, text, &rnix::Root::parse(text).syntax(), &mut Diagnostics::new())
    });
    take_out(file, &mut allows.unwrap_or_default(), found, &mut out);
    out
}

fn take_out(file: SourceId, allows: &mut [Allow], found: Diagnostics, out: &mut Diagnostics) {
    for finding in found {
        let place = finding.primary.as_ref().map(|label| label.span).filter(|span| span.source == file);
        let allowed = place.and_then(|span| {
            let at = span.range().start;
            allows.iter_mut().find(|allow| allow.codes.contains(&finding.code) && allow.lines.contains(&at))
        });
        match allowed {
            Some(allow) => allow.used = true,
            None => out.push(finding),
        }
    }
}

fn allows(file: SourceId, text: &str, root: &SyntaxNode, out: &mut Diagnostics) -> Vec<Allow> {
    let comments = root.descendants_with_tokens().filter_map(rowan::NodeOrToken::into_token);
    let comments = comments.filter(|token| token.kind() == TOKEN_COMMENT);
    comments
        .filter_map(|token| read(file, text, token.text(), token.text_range().start().into(), out))
        .collect()
}

fn read(file: SourceId, text: &str, comment: &str, start: usize, out: &mut Diagnostics) -> Option<Allow> {
    let body = comment.trim_start_matches(['#', '/', '*']).trim_start();
    let rest = body.strip_prefix(MARK)?;
    let place = start..start + comment.trim_end().len();
    let span = Span::new(file, place.clone());
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
    Some(Allow { codes, lines: covered(text, &place), place, used: false })
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
