//! PGF304: attributes that the catalogue owns.

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::layout;
use crate::overrides::{Ctx, Role};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    CatalogueOwned =
        "pname, version, src and hash are what the catalogue is about: set here they would silently disagree with \
         it, and with every report. Change the extension's TOML file instead; where the override must own the \
         attribute, say so there: `override-owns = [\"src\"]`.",
        bad: r#"
            { }: old: {
              pname = "sample";
            }
        "#,
        says: "`pname` belongs to the catalogue",
        fixed: r#"
            { }: old: {
              meta = old.meta // { mainProgram = "sample"; };
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts.filter(|facts| facts.role == Role::Attributes) else { return };
    for attribute in ctx.bodies().iter().flat_map(attributes) {
        let name = attribute.name.as_str();
        if !matches!(name, "pname" | "version" | "src" | "hash") || facts.owns.contains(name) {
            continue;
        }
        let file = layout::extension_toml(&facts.extension);
        let help = match name {
            "src" => format!(
                "set `source` in {file}, or say there that this file owns it: `override-owns = [\"src\"]`"
            ),
            "pname" => "the package is called what its TOML file is called; rename that file".to_owned(),
            _ => format!(
                "set it in {file}, or say there that this file owns it: `override-owns = [\"{name}\"]`"
            ),
        };
        sink.push(
            ctx.finding(Code::CatalogueOwned, attribute.range, format!("`{name}` belongs to the catalogue"))
                .help(help),
        );
    }
}
