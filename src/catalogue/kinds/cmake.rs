//! `cmake`.

use super::{Builder, Clue, Flags, KindSpec, Recipe, RecipeClues, SourceClues, built};

pub struct Cmake;

impl KindSpec for Cmake {
    fn name(&self) -> &'static str {
        "cmake"
    }

    fn describe(&self) -> &'static str {
        "CMake"
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-cmake.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key) || matches!(key, "installcheck" | "make-flags" | "cmake-flags")
    }

    fn flags(&self) -> &'static [Flags] {
        &[Flags { attribute: "cmakeFlags", key: "cmake-flags", of: |build| &build.cmake_flags }]
    }

    fn adds(&self) -> &'static [&'static str] {
        &["cmake"]
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        (clues.has)("CMakeLists.txt").then_some(Clue { weight: 60, from: "CMakeLists.txt" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        (clues.tool)("cmake").then_some(70)
    }
}
