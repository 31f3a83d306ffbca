//! `nixpkgs`: the package set's own, by name, whatever version that is.

use super::{KindSpec, Recipe};

pub struct Nixpkgs;

impl KindSpec for Nixpkgs {
    fn name(&self) -> &'static str {
        "nixpkgs"
    }

    fn describe(&self) -> &'static str {
        "the package set's own, by name"
    }

    fn recipe(&self) -> Recipe {
        Recipe::PackageSet
    }

    fn takes(&self, key: &str) -> bool {
        matches!(key, "attr" | "postgresql")
    }

    fn handed(&self) -> Option<&'static [&'static str]> {
        None
    }
}
