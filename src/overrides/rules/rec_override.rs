//! PGF314: references in `rec { }` that a later override does not reach.

use rnix::ast;
use rowan::ast::AstNode;

use super::Rule;
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::scope::Target;
use crate::overrides::Ctx;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    RecOverride =
        "In `rec { version = \"1\"; name = \"x-${version}\"; }` the reference is fixed when the set is written: a \
         later override of `version` does not reach it. Use the attributes handed in: `finalAttrs: prevAttrs: { … \
         finalAttrs.version … }`.",
        bad: r#"
            { fetchurl }: old: rec {
              tag = "2";
              data = fetchurl {
                url = "https://example.org/${tag}";
                hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
              };
            }
        "#,
        says: "an override of `tag` does not reach this reference",
        fixed: r#"
            { fetchurl }: old: {
              tag = "2";
              data = fetchurl {
                url = "https://example.org/${old.version}";
                hash = "sha256-JsZV+I4eRMypXTjGmjCtMBXDVpqTIPHQa28ogXncE/Q=";
              };
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    for body in ctx.bodies() {
        for set in body.sets.iter().filter(|set| set.rec_token().is_some()) {
            let whole = set.syntax().text_range();
            // One finding a name: the first place where it is used.
            let mut seen = Vec::new();
            for used in ctx.scopes.uses.iter().filter(|used| whole.contains_range(used.range)) {
                let Target::Binding(id) = used.target else { continue };
                let binding = &ctx.scopes.bindings[id];
                let direct = binding.node.parent().as_ref() == Some(set.syntax());
                let inherited = binding.node.kind() == ast::Inherit::KIND
                    && binding.node.text_range().contains_range(used.range);
                if !direct || inherited || seen.contains(&id) {
                    continue;
                }
                seen.push(id);
                let last =
                    body.last.as_ref().map_or("finalAttrs".to_owned(), crate::nix::syntax::text::ident_text);
                let finding = ctx
                    .finding(
                        Code::RecOverride,
                        used.range,
                        format!("an override of `{}` does not reach this reference", used.name),
                    )
                    .also(ctx.span(binding.range), "it is fixed here by `rec`");
                sink.push(match body.last {
                    Some(_) => finding.help(format!("write `{last}.{}` and drop `rec`", used.name)),
                    None => finding.help(format!("take the final attributes, `finalAttrs: prevAttrs: {{ … }}`, and write `finalAttrs.{}`", used.name)),
                });
            }
        }
    }
}
