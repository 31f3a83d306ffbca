//! `scons`: a kind that only tests have. It is this file and its template.

use super::{Builder, Clue, Flags, Key, KindSpec, Place, Recipe, RecipeClues, SourceClues, Type};

pub struct Example;

impl KindSpec for Example {
    fn name(&self) -> &'static str {
        "scons"
    }

    fn describe(&self) -> &'static str {
        "SCons"
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../tests/kinds/build-scons.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn keys(&self) -> &'static [Key] {
        &[Key { name: "scons-flags", place: Place::Both, of: Type::Flags, about: "Arguments for scons." }]
    }

    fn flags(&self) -> Option<Flags> {
        Some(Flags { attribute: "sconsFlags", key: "scons-flags", of: |build| build.own_flags("scons-flags") })
    }

    fn adds(&self) -> &'static [&'static str] {
        &["scons"]
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        (clues.has)("SConstruct").then_some(Clue { weight: 40, from: "SConstruct" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        (clues.tool)("scons").then_some(70)
    }
}
