//! `pgxs`: PostgreSQL's own build system for extensions.

use super::{Builder, Clue, KindSpec, Recipe, RecipeClues, SourceClues, built};

pub struct Pgxs;

impl KindSpec for Pgxs {
    fn name(&self) -> &'static str {
        "pgxs"
    }

    fn describe(&self) -> &'static str {
        "PostgreSQL's own build system for extensions: make with PGXS"
    }

    fn also_called(&self) -> &'static [&'static str] {
        &["make", "makefile", "c", "pgxn"]
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-pgxs.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key) || matches!(key, "installcheck" | "make-flags")
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        let found = includes_pgxs(clues) && clues.compiles;
        found.then_some(Clue { weight: 80, from: "the Makefile includes PGXS" })
    }

    fn recognize(&self, _clues: &RecipeClues<'_>) -> Option<u8> {
        Some(10)
    }
}

/// Whether the Makefile is one of PGXS.
pub(super) fn includes_pgxs(clues: &SourceClues<'_>) -> bool {
    ["PGXS", "pgxs", "contrib-global.mk"].iter().any(|word| clues.make.contains(word))
}
