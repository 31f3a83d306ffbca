//! `meson`: Meson, run by Ninja.

use super::{Builder, Clue, Flags, Key, KindSpec, Place, Recipe, RecipeClues, SourceClues, Type};

pub struct Meson;

impl KindSpec for Meson {
    fn name(&self) -> &'static str {
        "meson"
    }

    fn describe(&self) -> &'static str {
        "Meson and Ninja"
    }

    fn also_called(&self) -> &'static [&'static str] {
        &["ninja"]
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-meson.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn keys(&self) -> &'static [Key] {
        &[Key {
            name: "meson-flags",
            place: Place::Both,
            of: Type::Flags,
            about: "Arguments for meson setup. Kind meson only.",
        }]
    }

    fn flags(&self) -> Option<Flags> {
        Some(Flags {
            attribute: "mesonFlags",
            key: "meson-flags",
            of: |build| build.own_flags("meson-flags"),
        })
    }

    fn adds(&self) -> &'static [&'static str] {
        &["meson", "ninja"]
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        Some(&["installFlags", "mesonInstallFlags", "postInstall", "strictDeps"])
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        (clues.has)("meson.build").then_some(Clue { weight: 55, from: "meson.build" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        (clues.tool)("meson").then_some(75)
    }

    fn needless(&self) -> &'static [&'static str] {
        &["mesonInstallFlags"]
    }
}
