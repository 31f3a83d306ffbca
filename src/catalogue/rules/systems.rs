//! Systems are ones that Nix knows, each once.

use std::collections::BTreeSet;

use super::Context;
use crate::catalogue::decode::printable;
use crate::catalogue::raw::{Field, List};
use crate::catalogue::systems::KNOWN;
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};

pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
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

fn list(systems: &Field<List<String>>, found: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for system in systems.iter().flat_map(|list| &list.value) {
        if !KNOWN.contains(&system.value.as_str()) {
            let finding = Diagnostic::new(
                Code::UnknownSystem,
                system.span,
                format!("unknown system `{}`", printable(&system.value)),
            );
            found.push(match nearest(&system.value, KNOWN) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("known are {}", KNOWN.join(", "))),
            });
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
