//! Systems are ones that Nix knows, each once.

use std::collections::BTreeSet;

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, List, Spanned};
use crate::catalogue::systems::KNOWN;
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    UnknownSystem =
        "Systems are Nix's: x86_64-linux, aarch64-linux, aarch64-darwin, x86_64-darwin and a few more for which \
         nixpkgs has PostgreSQL. Each stands in a list once, and the flake is for at least one.",
        bad: r#"
            # flake.toml
            systems = ["darwin"]
        "#,
        says: "unknown system `darwin`",
        fixed: r#"
            # flake.toml
            systems = ["aarch64-darwin"]
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    if let Some((_, flake)) = &cx.raw.flake {
        list(&flake.systems, found);
        if let Some(systems) = flake.systems.as_ref().filter(|systems| systems.value.is_empty()) {
            found.push(
                Diagnostic::new(Code::UnknownSystem, systems.span, "the flake is for no system at all")
                    .help("systems = [\"x86_64-linux\"], for example"),
            );
        }
    }
    for file in &cx.raw.extensions {
        list(&file.raw.exclude_systems, found);
    }
}

/// What a list of systems names.
pub fn named(systems: &Field<List<String>>) -> impl Iterator<Item = &str> {
    systems.iter().flat_map(|list| &list.value).map(|system| system.value.as_str())
}

/// Reports systems that Nix does not know.
pub fn check_names<'a>(systems: impl Iterator<Item = &'a Spanned<String>>, found: &mut Diagnostics) {
    found.extend(systems.filter_map(unknown));
}

fn unknown(system: &Spanned<String>) -> Option<Diagnostic> {
    if KNOWN.contains(&system.value.as_str()) {
        return None;
    }
    let message = format!("unknown system `{}`", printable(&system.value));
    let finding = Diagnostic::new(Code::UnknownSystem, system.span, message);
    Some(match nearest(&system.value, KNOWN) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(format!("known are {}", KNOWN.join(", "))),
    })
}

fn list(systems: &Field<List<String>>, found: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for system in systems.iter().flat_map(|list| &list.value) {
        if let Some(unknown) = unknown(system) {
            found.push(unknown);
        } else if !seen.insert(&system.value) {
            found.push(
                Diagnostic::new(
                    Code::UnknownSystem,
                    system.span,
                    format!("{} stands here twice", system.value),
                )
                .help("remove one of the two"),
            );
        }
    }
}
