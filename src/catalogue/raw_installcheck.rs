//! `installcheck` of an extension as it is written.

use schemars::JsonSchema;

use super::decode::{Field, Map, Spanned};
use super::raw::{List, OneOrMany, RawExtension, RawSetting};

/// The `installcheck` key.
#[derive(Clone, Debug)]
pub enum Installcheck {
    /// Whether `nix flake check` runs the tests, which need nothing besides.
    Wanted(bool),
    /// It does, as this says.
    Told(Box<RawInstallcheck>),
}

/// The tests of an extension's own source: what they need, and which of them fail.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Installcheck")]
pub struct RawInstallcheck {
    /// For which PostgreSQLs `nix flake check` runs them: names, or ranges over majors such as ">=15, <18". Default:
    /// all that the extension is for.
    pub postgresql: Field<OneOrMany<String>>,
    /// SQL names of extensions that the tests need, besides those that the extension itself requires.
    pub requires: Field<List<String>>,
    /// Libraries for shared_preload_libraries that the tests need, besides the extension's.
    pub preload: Field<List<String>>,
    /// postgresql.conf settings that the tests need, besides the extension's. Quote names with a dot.
    pub settings: Field<Map<RawSetting>>,
    /// Tests that fail. One that passes after all must be taken out.
    pub known_failures: Field<List<RawTest>>,
    /// Tests that are not run, as they do not end or need a network.
    pub skip: Field<List<RawTest>>,
}

/// A test of an extension's own source.
#[derive(Clone, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Test")]
pub struct RawTest {
    /// Its name, as pg_regress prints it; of one in Perl the file's, without .pl.
    #[schemars(required, regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_./+-]*$"))]
    pub test: Field<String>,
    /// Why it is here.
    #[schemars(required)]
    pub reason: Field<String>,
    /// For which PostgreSQLs that holds: names, or ranges over majors. Default: all.
    pub postgresql: Field<OneOrMany<String>>,
}

impl RawExtension {
    /// What is said of its tests, where that is more than that they are run.
    pub fn installcheck(&self) -> Option<&RawInstallcheck> {
        match self.installcheck.as_ref()? {
            Spanned { value: Installcheck::Told(told), .. } => Some(told),
            Spanned { value: Installcheck::Wanted(_), .. } => None,
        }
    }
}

impl RawInstallcheck {
    /// All tests that are named.
    pub fn tests(&self) -> impl Iterator<Item = &RawTest> {
        let lists = [&self.known_failures, &self.skip];
        lists.into_iter().flatten().flat_map(|list| &list.value).map(|test| &test.value)
    }
}
