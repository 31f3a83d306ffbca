//! PGF213: a `with` to which no name is left.

use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics, Edit};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    UnusedWith =
        "No name in the body of this `with` is left to it: every one is bound by `let`, an argument or Nix itself, \
         and those come before any `with`. Remove it.",
        bad: r#"
            { lib }: old: {
              makeFlags = old.makeFlags ++ (with lib; [ "X=1" ]);
            }
        "#,
        says: "no name in its body comes from this `with`",
        fixed: r#"
            { }: old: {
              makeFlags = old.makeFlags ++ [ "X=1" ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for (with, uses) in ctx.scopes.withs.iter().zip(&ctx.scopes.with_uses) {
        let (0, Some(namespace), Some(body)) = (*uses, with.namespace(), with.body()) else { continue };
        // `with lib.maintainers; [ ]` is how nixpkgs says that there are none.
        if matches!(&body, ast::Expr::List(list) if list.items().next().is_none()) {
            continue;
        }
        let (start, end) = (with.syntax().text_range().start(), namespace.syntax().text_range().end());
        let range = rnix::TextRange::new(start, end);
        let mut finding = ctx
            .finding(Code::UnusedWith, range, "no name in its body comes from this `with`")
            .help("remove it");
        let cut = rnix::TextRange::new(start, body.syntax().text_range().start());
        if !ctx.text[std::ops::Range::<usize>::from(cut)].contains(['#', '*']) {
            let edit = Edit { span: ctx.span(cut), replacement: String::new() };
            finding = finding.fix("remove the `with`", vec![edit]);
        }
        sink.push(finding);
    }
}
