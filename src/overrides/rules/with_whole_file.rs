//! PGF313: `with` over a whole file.

use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    WithWholeFile =
        "With `with lib;` over a whole file nobody can tell where a name comes from, neither readers nor tools, and \
         a new name in the set changes the meaning of the file. Write `lib.optional`, `inherit (lib) optional;`, or \
         `with lib;` around the one list that needs it.",
        bad: r#"
            { lib }: with lib; old: {
              makeFlags = old.makeFlags ++ optional true "X=1";
            }
        "#,
        says: "this `with` spans the whole file, so that nobody can tell where a name comes from",
        fixed: r#"
            { lib }: old: {
              makeFlags = old.makeFlags ++ lib.optional true "X=1";
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let mut next = ctx.root.expr();
    while let Some(expr) = next {
        next = match &expr {
            ast::Expr::Lambda(lambda) => lambda.body(),
            ast::Expr::Paren(paren) => paren.expr(),
            ast::Expr::LetIn(bindings) => bindings.body(),
            ast::Expr::Assert(assertion) => assertion.body(),
            ast::Expr::With(with) => {
                let start = with.syntax().text_range().start();
                let end = with.namespace().map_or(start, |namespace| namespace.syntax().text_range().end());
                sink.push(
                    ctx.finding(
                        Code::WithWholeFile,
                        rnix::TextRange::new(start, end),
                        "this `with` spans the whole file, so that nobody can tell where a name comes from",
                    )
                    .help("write `lib.name`, or `inherit (lib) name;` in a `let`"),
                );
                with.body()
            }
            _ => None,
        };
    }
}
