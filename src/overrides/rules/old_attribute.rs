//! PGF305: `old.x` that the generated derivation does not have.

use std::collections::BTreeSet;

use rnix::SyntaxKind::{NODE_HAS_ATTR, NODE_INHERIT, NODE_SELECT};
use rnix::{TextRange, ast};
use rowan::ast::AstNode;

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics, nearest};
use crate::nix::syntax::text;
use crate::overrides::{Ctx, mk_derivation};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OldAttribute =
        "`old.x` is read and the generated derivation has no x, so evaluation would stop. Where the attribute may \
         be absent write `old.x or [ ]` (or another default).",
        bad: r#"
            { }: old: {
              makeFlags = old.makeflags ++ [ "X=1" ];
            }
        "#,
        says: "the generated derivation has no `makeflags`",
        fixed: r#"
            { }: old: {
              makeFlags = old.makeFlags ++ [ "X=1" ];
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts else { return };
    for body in ctx.bodies() {
        let set: BTreeSet<String> = attributes(body).into_iter().map(|attribute| attribute.name).collect();
        for (param, is_last) in body.old.iter().map(|i| (i, false)).chain(body.last.iter().map(|i| (i, true)))
        {
            let range = param.syntax().text_range();
            let asked: Vec<String> = ctx
                .all::<ast::HasAttr>(NODE_HAS_ATTR)
                .filter(|has| means(ctx, has.expr(), range))
                .filter_map(|has| has.attrpath())
                .flat_map(|path| text::path_names(&path))
                .collect();
            for (attr, name) in reads(ctx, range) {
                let fine = asked.contains(&name)
                    || is_last && (body.opaque || set.contains(&name) || name == "finalPackage")
                    // A name that no mkDerivation knows is wrong even where the attributes are not known.
                    || facts.attributes.as_ref().map_or_else(
                        || mk_derivation::takes(&name).is_some() || typo(&name).is_none(),
                        |names| names.contains(&name),
                    );
                if fine {
                    continue;
                }
                let param = text::ident_text(param);
                let candidates = facts.attributes.iter().flatten().map(String::as_str);
                // A name that mkDerivation knows is no slip: the derivation just does not set it.
                let known = mk_derivation::takes(&name).is_some();
                let near = if known { None } else { nearest(&name, candidates).or_else(|| typo(&name)) };
                let finding = ctx.finding(
                    Code::OldAttribute,
                    attr,
                    format!("the generated derivation has no `{name}`"),
                );
                sink.push(match near {
                    Some(near) => finding.help(format!("did you mean `{param}.{near}`?")),
                    None => {
                        let default = match mk_derivation::takes(&name) {
                            Some(mk_derivation::Takes::Script | mk_derivation::Takes::Text) => "\"\"",
                            Some(mk_derivation::Takes::Set) => "{ }",
                            Some(mk_derivation::Takes::Bool) => "false",
                            _ => "[ ]",
                        };
                        finding.help(format!("write `({param}.{name} or {default})`"))
                    }
                });
            }
        }
    }
}

fn typo(name: &str) -> Option<&'static str> {
    super::unknown_attribute::misspelt(name)
}

fn means(ctx: &Ctx<'_>, expr: Option<ast::Expr>, param: TextRange) -> bool {
    match expr.map(text::peel) {
        Some(ast::Expr::Ident(ident)) => ctx.scopes.binding_of(&ident).is_some_and(|b| b.range == param),
        _ => false,
    }
}

/// The attributes read from a parameter without a default: `old.x`, `inherit (old) x`.
fn reads(ctx: &Ctx<'_>, param: TextRange) -> Vec<(TextRange, String)> {
    let mut found = Vec::new();
    for select in ctx.all::<ast::Select>(NODE_SELECT) {
        if select.or_token().is_some() || !means(ctx, select.expr(), param) {
            continue;
        }
        let attr = select.attrpath().and_then(|path| path.attrs().next());
        if let Some((attr, name)) =
            attr.and_then(|attr| Some((attr.syntax().text_range(), text::attr_name(&attr)?)))
        {
            found.push((attr, name));
        }
    }
    for inherit in ctx.all::<ast::Inherit>(NODE_INHERIT) {
        if inherit.from().is_some_and(|from| means(ctx, from.expr(), param)) {
            let names = inherit.attrs().filter_map(|a| Some((a.syntax().text_range(), text::attr_name(&a)?)));
            found.extend(names);
        }
    }
    found
}
