//! PGF316: `name` in place of `pname` and `version`.

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::overrides::{Ctx, Role};

pub(super) const RULE: Rule = Rule { codes: &[Code::OldName], overrides_only: true, check };

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts else { return };
    for attribute in ctx.bodies().iter().flat_map(attributes).filter(|a| a.name == "name") {
        let finding = ctx.finding(Code::OldName, attribute.range, "`name` hides the version from every tool");
        sink.push(match facts.role {
            Role::Attributes => {
                finding.help("remove it: the name is made of the catalogue's pname and version")
            }
            Role::Derivation => finding.help("write `pname = \"…\"; inherit version;`"),
        });
    }
}
