//! PGF220: attributes that `builtins` does not have.

use rnix::SyntaxKind::{NODE_HAS_ATTR, NODE_SELECT};
use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics, nearest};
use crate::nix::syntax::scope::{self, Target};
use crate::nix::syntax::text;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Nix, check;
    UnknownBuiltin =
        "No version of Nix up to 2.34 has this builtin. Functions of nixpkgs' library are in `lib`.",
        bad: r#"
            { }: old: {
              makeFlags = builtins.attrName { A = 1; };
            }
        "#,
        says: "there is no `builtins.attrName`",
        fixed: r#"
            { }: old: {
              passthru = old.passthru // { names = builtins.attrNames { A = 1; }; };
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let is_builtins = |expr: Option<ast::Expr>| match expr {
        Some(ast::Expr::Ident(ident)) => {
            text::ident_text(&ident) == "builtins"
                && ctx.scopes.target(ident.syntax().text_range()) == Some(&Target::Global)
        }
        _ => false,
    };
    let asked: Vec<String> = ctx
        .all::<ast::HasAttr>(NODE_HAS_ATTR)
        .filter(|has| is_builtins(has.expr()))
        .filter_map(|has| has.attrpath())
        .flat_map(|path| text::path_names(&path))
        .collect();
    for select in ctx.all::<ast::Select>(NODE_SELECT) {
        if select.or_token().is_some() || !is_builtins(select.expr()) {
            continue;
        }
        let Some(attr) = select.attrpath().and_then(|path| path.attrs().next()) else { continue };
        let Some(name) = text::attr_name(&attr) else { continue };
        if scope::is_builtin(&name) || asked.contains(&name) {
            continue;
        }
        let finding = ctx.finding(
            Code::UnknownBuiltin,
            attr.syntax().text_range(),
            format!("there is no `builtins.{name}`"),
        );
        sink.push(match nearest(&name, scope::builtins()) {
            Some(near) => finding.help(format!("did you mean `builtins.{near}`?")),
            None => finding.help(format!("nixpkgs' library may have it: `lib.{name}`")),
        });
    }
}
