//! `configure`: `./configure`, then make.

use super::{Builder, Clue, Flags, KindSpec, Recipe, RecipeClues, SourceClues, built};

pub struct Configure;

impl KindSpec for Configure {
    fn name(&self) -> &'static str {
        "configure"
    }

    fn describe(&self) -> &'static str {
        "./configure, then make"
    }

    fn also_called(&self) -> &'static [&'static str] {
        &["autoconf", "autotools", "autoreconf"]
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-configure.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key) || matches!(key, "installcheck" | "make-flags" | "configure-flags")
    }

    fn flags(&self) -> &'static [Flags] {
        &[Flags { attribute: "configureFlags", key: "configure-flags", of: |build| &build.configure_flags }]
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        Some(&["installFlags", "postInstall", "strictDeps", "dontDisableStatic", "setOutputFlags"])
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        let found = (clues.has)("configure") || (clues.has)("configure.ac");
        found.then_some(Clue { weight: 50, from: "configure" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        let found = (clues.key)("configure-flags")
            || (clues.tool)("autoreconfHook")
            || (clues.attribute)("configureFlags")
            || (clues.attribute)("configureScript");
        found.then_some(60)
    }

    fn needless(&self) -> &'static [&'static str] {
        &["dontDisableStatic", "setOutputFlags"]
    }
}
