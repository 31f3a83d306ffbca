//! `custom`: the override file gives the whole derivation.

use super::{Builder, KindSpec, Recipe, built};
use crate::catalogue::raw::ExtensionFile;
use crate::catalogue::rules::Context;
use crate::diag::{Code, Diagnostic, Diagnostics};

pub struct Custom;

impl KindSpec for Custom {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn describe(&self) -> &'static str {
        "the override file gives the whole derivation"
    }

    fn recipe(&self) -> Recipe {
        Recipe::Override(Builder {
            text: include_str!("../../../templates/lib/build-custom.nix"),
            arguments: "{ inherit callPackage; }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key) || matches!(key, "installcheck" | "make-flags" | "configure-flags" | "cmake-flags")
    }

    fn check(&self, _cx: &Context<'_>, file: &ExtensionFile, found: &mut Diagnostics) {
        if file.raw.r#override.is_none() && !file.raw.wrong.has("override") {
            let span = file.raw.kind.as_ref().map_or(file.span, |kind| kind.span);
            found.push(
                Diagnostic::new(
                    Code::WrongKindKey,
                    span,
                    "a custom extension needs an override, which builds it",
                )
                .help(format!("add override = \"overrides/{}.nix\"", file.name)),
            );
        }
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        None
    }
}
