//! `sql`: PGXS without a compiler.

use super::{Builder, Clue, KindSpec, Recipe, RecipeClues, SourceClues, built, pgxs};

pub struct Sql;

impl KindSpec for Sql {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn describe(&self) -> &'static str {
        "SQL and control files only, nothing to compile"
    }

    fn recipe(&self) -> Recipe {
        Recipe::Builder(Builder {
            text: include_str!("../../../templates/lib/build-sql.nix"),
            arguments: "{ inherit buildExtension; }",
        })
    }

    fn takes(&self, key: &str) -> bool {
        built(key) || matches!(key, "installcheck" | "make-flags")
    }

    fn detect(&self, clues: &SourceClues<'_>) -> Option<Clue> {
        let found = pgxs::includes_pgxs(clues) && !clues.compiles;
        found.then_some(Clue { weight: 80, from: "the Makefile includes PGXS and compiles nothing" })
    }

    fn recognize(&self, clues: &RecipeClues<'_>) -> Option<u8> {
        clues.builds_nothing.then_some(50)
    }
}
