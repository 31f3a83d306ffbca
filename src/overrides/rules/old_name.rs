//! PGF316: `name` in place of `pname` and `version`.

use rnix::ast;
use rowan::ast::AstNode;

use super::{Attribute, Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::nix::syntax::text;
use crate::overrides::{Ctx, Role};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    OldName =
        "mkDerivation makes `name` of `pname` and `version`. Set as one string it hides the version from every \
         tool, and does not follow the catalogue.",
        bad: r#"
            { }: old: {
              name = "example-${old.version}";
            }
        "#,
        says: "`name` hides the version from every tool",
        fixed: r#"
            { }: old: {
              meta = old.meta // { mainProgram = "example"; };
            }
        "#;
};

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts else { return };
    for body in ctx.bodies() {
        let attributes = attributes(body);
        let versioned = attributes.iter().any(|attribute| attribute.name == "version");
        for attribute in attributes.iter().filter(|attribute| attribute.name == "name") {
            let finding =
                ctx.finding(Code::OldName, attribute.range, "`name` hides the version from every tool");
            sink.push(match facts.role {
                Role::Attributes => {
                    finding.help("remove it: the name is made of the catalogue's pname and version")
                }
                Role::Derivation if versioned || has_version(attribute) => {
                    finding.help("write `pname = \"…\"; inherit version;`")
                }
                // A test, a wrapper, a folder of data: what has no version hides none.
                Role::Derivation => continue,
            });
        }
    }
}

/// Whether a name ends in a version, written out or computed.
fn has_version(attribute: &Attribute) -> bool {
    let Some(ast::Expr::Str(string)) = &attribute.value else { return false };
    match text::constant(string) {
        Some(name) => {
            name.rsplit_once('-').is_some_and(|(_, end)| end.starts_with(|c: char| c.is_ascii_digit()))
        }
        None => string.syntax().text().to_string().contains("version"),
    }
}
