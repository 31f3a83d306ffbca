//! PGF322: arguments of the Rust builder, which it has read before an override is asked.

use super::{Rule, attributes};
use crate::diag::{Code, Diagnostics};
use crate::layout;
use crate::overrides::{Ctx, OverrideFacts, Role};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Overrides, check;
    BuilderArgument =
        "buildPgrxExtension and buildRustPackage make phases and other attributes of buildFeatures, cargoPgrxFlags, \
         usePgTestCheckFeature and their like when they are called. An override changes the attributes of the \
         derivation that comes out, where nobody reads these any more. The catalogue has keys for some (features, \
         pgrx); for the others `kind = \"custom\"` lets the file call the builder.",
        bad: r#"
            { }: old: {
              buildFeatures = [ "extra" ];
            }
        "#,
        says: "`buildFeatures` has no effect here: the builder has read it already",
        fixed: r#"
            { }: old: {
              doCheck = false;
            }
        "#;
};

/// What nixpkgs' buildPgrxExtension and buildRustPackage make other attributes and phases of.
const ARGUMENTS: [&str; 8] = [
    "buildFeatures",
    "buildNoDefaultFeatures",
    "cargoPgrxFlags",
    "checkFeatures",
    "checkNoDefaultFeatures",
    "usePgTestCheckFeature",
    "useFetchCargoVendor",
    "cargo-pgrx",
];

/// Whether an attribute is an argument of such a builder, and of nothing else.
pub(super) fn is_argument(name: &str) -> bool {
    ARGUMENTS.contains(&name)
}

/// Whether the extension is built by it.
fn is_rust(facts: &OverrideFacts) -> bool {
    facts.attributes.as_ref().is_some_and(|attributes| attributes.contains("cargo-pgrx"))
}

fn check(ctx: &Ctx<'_>, sink: &mut Diagnostics) {
    let Some(facts) = ctx.facts.filter(|facts| facts.role == Role::Attributes && is_rust(facts)) else {
        return;
    };
    for attribute in ctx.bodies().iter().flat_map(attributes) {
        let name = attribute.name.as_str();
        if !is_argument(name) {
            continue;
        }
        let file = layout::extension_toml(&facts.extension);
        let help = match name {
            "buildFeatures" => format!("set `features` in {file}"),
            "cargo-pgrx" => format!("set `pgrx` of the version in {file}"),
            "cargoPgrxFlags" => format!("set `pgrx-flags` in {file}"),
            "buildNoDefaultFeatures" => format!("set `default-features = false` in {file}"),
            "usePgTestCheckFeature" => format!("set `pg-test-feature = false` in {file}"),
            _ => format!("`kind = \"custom\"` in {file} has the file call the builder itself"),
        };
        let message = format!("`{name}` has no effect here: the builder has read it already");
        sink.push(ctx.finding(Code::BuilderArgument, attribute.range, message).help(help));
    }
}
