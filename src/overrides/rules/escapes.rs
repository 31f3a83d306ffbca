//! PGF214, PGF215, PGF216: escapes in strings that do not do what they seem to.

use rnix::SyntaxKind::NODE_STRING;
use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostic, Diagnostics, Edit, Span};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    UselessEscape =
        "In \"…\" a backslash means something before n, r, t, \\, \" and ${ only, and in ''…'' the escapes are ''', \
         ''$ and ''\\: anything else is passed on without the backslash, so `\\.` is just `.`. For a regular \
         expression or a shell script write the backslash twice in \"…\"; in ''…'' one backslash stands for itself.",
        bad: r#"
            { }: old: {
              postPatch = "sed -i s/a\.b/c/ Makefile";
            }
        "#,
        says: r#"`\.` is just `.` here"#,
        fixed: r#"
            { }: old: {
              postPatch = "sed -i s/a\\.b/c/ Makefile";
            }
        "#;
    WrongEscape =
        "`\\${` keeps Nix from interpolating in \"…\" and `''${` does in ''…''. In the other kind of string the \
         same characters interpolate after all, and the shell gets the value with a stray backslash or two quotes \
         before it.",
        bad: r#"
            { }: old: {
              postPatch = ''
                echo \${HOME}
              '';
            }
        "#,
        says: r#"`\${` interpolates in a ''…'' string"#,
        fixed: r#"
            { }: old: {
              postPatch = ''
                echo ''${HOME}
              '';
            }
        "#;
    CrlfInString =
        "Nix keeps the carriage returns of a ''…'' string, so a shell script gets them at the end of each line and \
         fails with `$'\\r': command not found`. Save the file with LF line ends (`git config core.autocrlf input`, \
         or `*.nix text eol=lf` in .gitattributes).",
        bad: "{ }: old: {\n  postPatch = ''\r\n    true\r\n  '';\r\n}",
        says: "the lines of this string end with a carriage return, which stays in the text",
        fixed: r#"
            { }: old: {
              postPatch = ''
                true
              '';
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let mut crlf_seen = false;
    for string in ctx.all::<ast::Str>(NODE_STRING) {
        let indented = text::is_indented(&string);
        let parts = text::literal_parts(&string);
        for (start, raw) in &parts {
            if indented {
                indented_part(ctx, *start, raw, sink);
                if !crlf_seen && raw.contains("\r\n") {
                    crlf_seen = true;
                    crlf(ctx, *start, raw, sink);
                }
            } else {
                quoted_part(ctx, *start, raw, sink);
            }
        }
        wrong_kind(ctx, &string, indented, sink);
    }
}

/// `''\x` where x needs no escape, and `''$` before anything but `{`.
fn indented_part(ctx: &Ctx<'_>, start: usize, raw: &str, sink: &mut Diagnostics) {
    let mut rest = raw;
    while let Some(at) = rest.find("''") {
        let from = raw.len() - rest.len() + at;
        let mut after = rest[at + 2..].chars();
        let (len, useless) = match after.next() {
            Some('\'') => (3, false),
            // Before a name it does nothing; before anything else people may have their reasons. It does
            // no harm either: other people's files are left alone.
            Some('$') => (
                3,
                ctx.facts.is_some()
                    && raw[from + 3..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'),
            ),
            Some('\\') => match after.next() {
                // `''\'` is a quote that cannot pair up with the next one.
                Some('n' | 'r' | 't' | '$' | '\'' | '\\' | '\n') | None => (3, false),
                Some(_) => (3, true),
            },
            _ => (2, false),
        };
        if useless {
            let end = from
                + len
                + raw[from + len..].chars().next().map_or(0, |c| {
                    if len == 3 && raw[from + 2..].starts_with('\\') { c.len_utf8() } else { 0 }
                });
            report(ctx, start + from..start + end, &raw[from..end], "''", sink);
        }
        let skip = if raw[from..].starts_with("''\\") {
            3 + raw[from + 3..].chars().next().map_or(0, char::len_utf8)
        } else {
            len
        };
        rest = &raw[(from + skip).min(raw.len())..];
    }
}

/// `\x` where x needs no escape.
fn quoted_part(ctx: &Ctx<'_>, start: usize, raw: &str, sink: &mut Diagnostics) {
    let mut chars = raw.char_indices();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        let Some((next_at, next)) = chars.next() else { break };
        // `\'` and a backslash at the end of a line are habits of other languages that do no harm.
        if !matches!(next, 'n' | 'r' | 't' | '\\' | '"' | '$' | '\'' | '\n' | '\r') {
            let end = next_at + next.len_utf8();
            report(ctx, start + at..start + end, &raw[at..end], "\"", sink);
        }
    }
}

fn report(ctx: &Ctx<'_>, range: std::ops::Range<usize>, escape: &str, quote: &str, sink: &mut Diagnostics) {
    let plain = escape.trim_start_matches("''").trim_start_matches('\\');
    let mut finding = Diagnostic::new(
        Code::UselessEscape,
        Span::new(ctx.file, range),
        format!("`{escape}` is just `{plain}` here"),
    );
    finding = match quote {
        "\"" => finding.help(format!("write `\\{escape}` for a backslash and `{plain}`, or `{plain}` alone")),
        _ => finding.help(format!("write `{plain}`; a backslash needs no escape in ''…''")),
    };
    sink.push(finding);
}

/// `\${x}` in ''…'' and `''${x}` in "…": both interpolate.
fn wrong_kind(ctx: &Ctx<'_>, string: &ast::Str, indented: bool, sink: &mut Diagnostics) {
    for node in string.syntax().children() {
        let at = usize::from(node.text_range().start());
        let before = &ctx.text[..at];
        let within = usize::from(string.syntax().text_range().start()) + 1;
        let (escape, right) = if indented { ("\\", "''${") } else { ("''", "\\${") };
        if at < within + escape.len() || !before.ends_with(escape) {
            continue;
        }
        // `\${ "" }` is a line that goes on: only a plain name looks like a variable of the shell.
        let plain = node.first_child().is_some_and(|inner| inner.kind() == rnix::SyntaxKind::NODE_IDENT);
        if indented && !plain {
            continue;
        }
        // `\\${x}` in a shell script is a backslash before a value: on purpose.
        let slashes = before.len() - before.trim_end_matches('\\').len();
        if indented && slashes != 1 {
            continue;
        }
        // In "…", two quotes around a value are text: 'it''${x}''s'.
        if !indented && ctx.text[usize::from(node.text_range().end())..].starts_with("''") {
            continue;
        }
        let range = at - escape.len()..at + 2;
        let written = &ctx.text[range.clone()];
        let kind = if indented { "a ''…'' string" } else { "a \"…\" string" };
        sink.push(
            Diagnostic::new(
                Code::WrongEscape,
                Span::new(ctx.file, range),
                format!("`{written}` interpolates in {kind}"),
            )
            .help(format!("write `{right}` to keep it as text")),
        );
    }
}

fn crlf(ctx: &Ctx<'_>, start: usize, raw: &str, sink: &mut Diagnostics) {
    let at = start + raw.find("\r\n").unwrap_or(0);
    let edits = ctx
        .text
        .match_indices("\r\n")
        .map(|(at, _)| Edit { span: Span::new(ctx.file, at..at + 1), replacement: String::new() })
        .collect();
    sink.push(
        Diagnostic::new(
            Code::CrlfInString,
            Span::new(ctx.file, at..at + 1),
            "the lines of this string end with a carriage return, which stays in the text",
        )
        .help("save the file with LF line ends")
        .fix("end all lines with LF", edits),
    );
}
