//! PGF306: attributes that are very near to one that mkDerivation knows.

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::overrides::{Ctx, mk_derivation};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    UnknownAttribute =
        "mkDerivation passes attributes it does not know on as environment variables, so that a misspelt one is \
         silently without effect. This one is unknown and very near to a known one. For a variable of the build \
         write it under `env`.",
        bad: r#"
            { }: old: {
              nativeBuildInput = [ ];
            }
        "#,
        says: "mkDerivation does not know `nativeBuildInput`",
        fixed: r#"
            { }: old: {
              nativeBuildInputs = old.nativeBuildInputs ++ [ ];
            }
        "#;
};

/// The known attribute that `name` is a slip of the pen away from, if it is unknown itself.
///
/// The field is crowded (`preBuild`, `preBuildPhases`) and any name may be an environment variable,
/// so that only one wrong, missing, doubled or swapped letter counts, or two in a long name.
pub(super) fn misspelt(name: &str) -> Option<&'static str> {
    if mk_derivation::takes(name).is_some() {
        return None;
    }
    let folded = name.replace(['-', '_'], "").to_lowercase();
    // An environment variable is compared with those, anything else with the rest.
    let shouts = |name: &str| !name.contains(|c: char| c.is_ascii_lowercase());
    mk_derivation::ATTRIBUTES
        .iter()
        .filter(|(attribute, _)| shouts(attribute) == shouts(name))
        .map(|(attribute, _)| {
            let other = attribute.replace(['-', '_'], "").to_lowercase();
            (strsim::damerau_levenshtein(&folded, &other), *attribute)
        })
        .filter(|(distance, attribute)| match attribute.len() {
            0..4 => *distance == 0,
            4..8 => *distance <= 1,
            _ => *distance <= 2,
        })
        .min()
        .map(|(_, attribute)| attribute)
}

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    // What is inherited is judged where it comes from.
    for attribute in ctx.bodies().iter().flat_map(attributes).filter(|a| !a.inherited) {
        let Some(near) = misspelt(&attribute.name) else { continue };
        sink.push(
            ctx.finding(
                Code::UnknownAttribute,
                attribute.range,
                format!("mkDerivation does not know `{}`", attribute.name),
            )
            .help(format!(
                "did you mean `{near}`? a variable of the build is written `env.{}`",
                attribute.name
            )),
        );
    }
}
