//! PGF317: `rev = "refs/tags/…"`.

use rnix::ast::{self, HasEntry};
use rowan::ast::AstNode;

use super::{Rule, calls};
use crate::diag::{Code, Diagnostics, Edit};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OldRev =
        "fetchFromGitHub and its like take `tag = \"v1.2.3\"`, which cannot be confused with a branch of that name.",
        bad: r#"
            { fetchFromGitHub }: old: {
              data = fetchFromGitHub {
                owner = "a";
                repo = "b";
                rev = "refs/tags/v${old.version}";
                hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
              };
            }
        "#,
        says: "a tag is named by `tag`",
        fixed: r#"
            { fetchFromGitHub }: old: {
              data = fetchFromGitHub {
                owner = "a";
                repo = "b";
                tag = "v${old.version}";
                hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
              };
            }
        "#;
};

const WITH_TAG: &[&str] = &[
    "fetchFromGitHub",
    "fetchFromGitLab",
    "fetchFromGitea",
    "fetchFromForgejo",
    "fetchFromCodeberg",
    "fetchgit",
];

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (_, names, arguments) in calls(ctx) {
        if !names.last().is_some_and(|name| WITH_TAG.contains(&name.as_str())) {
            continue;
        }
        for argument in &arguments {
            let ast::Expr::AttrSet(set) = text::peel(argument.clone()) else { continue };
            for entry in set.attrpath_values() {
                let Some(path) = entry.attrpath().filter(|path| text::path_names(path) == ["rev"]) else {
                    continue;
                };
                let Some(ast::Expr::Str(string)) = entry.value() else { continue };
                let raw = string.syntax().text().to_string();
                let Some(rest) = raw.strip_prefix("\"refs/tags/") else { continue };
                let edits = vec![
                    Edit { span: ctx.span(path.syntax().text_range()), replacement: "tag".into() },
                    Edit { span: ctx.span(string.syntax().text_range()), replacement: format!("\"{rest}") },
                ];
                sink.push(
                    ctx.finding(Code::OldRev, entry.syntax().text_range(), "a tag is named by `tag`")
                        .help(format!("write `tag = \"{rest};`"))
                        .fix("name the tag by `tag`", edits),
                );
            }
        }
    }
}
