//! One version of a hand-written extension, in the terms of the catalogue, and what the catalogue has no key for.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Fetched;
use super::tested::Surroundings;
use super::value::Definition;

/// Where the crates come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Crates {
    /// Nothing says it.
    #[default]
    Unsaid,
    /// `cargoHash`.
    Hash(String),
    /// A lock file beside the Nix file: its text, and the hashes of Git dependencies.
    Lock(String, BTreeMap<String, String>),
    /// The source's own lock file.
    Own(BTreeMap<String, String>),
}

/// A version of an extension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Derivation {
    /// Its version.
    pub version: String,
    /// Names of PostgreSQLs; empty: nothing says it.
    pub postgresql: Vec<String>,
    /// Where its source comes from.
    pub source: Option<Fetched>,
    /// The source's hash, SRI.
    pub hash: Option<String>,
    /// Its crates.
    pub crates: Crates,
    /// The version of cargo-pgrx.
    pub pgrx: Option<String>,
    /// The exact Rust.
    pub rust: Option<String>,
    /// Keys of the catalogue that are lists: `build-inputs`, `features`, …
    pub lists: BTreeMap<&'static str, Vec<String>>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Patches: name and text.
    pub patches: Vec<(String, String)>,
    /// Keys of the catalogue that are texts: `source-root`, `cargo-package`.
    pub texts: BTreeMap<&'static str, String>,
    /// Keys of the catalogue that are `true` or `false`.
    pub switches: BTreeMap<&'static str, bool>,
}

/// What all versions have in common.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// description, homepage, changelog (with `{version}`).
    pub meta: BTreeMap<&'static str, String>,
    /// `meta.license`, attribute names of lib.licenses.
    pub licenses: Vec<String>,
    /// A CREATE EXTENSION name that differs from the file's.
    pub sql: Option<String>,
    /// It builds nowhere.
    pub broken: bool,
    /// Not for macOS.
    pub linux_only: bool,
    /// `meta.badPlatforms`.
    pub bad_platforms: Vec<String>,
    /// The override that a generated file names, relative to the catalogue folder.
    pub override_file: Option<String>,
    /// `dontBuild`.
    pub builds_nothing: bool,
    /// Bounds on PostgreSQL's major version, from `meta.broken`.
    pub bounds: Vec<String>,
    /// What a server has to have for it, where something says it.
    pub surroundings: Option<Surroundings>,
    /// What was not taken over.
    pub remarks: BTreeSet<String>,
}

/// What goes to the override.
#[derive(Clone, Debug)]
pub struct Left {
    /// The attribute.
    pub name: String,
    /// How it is combined with the generated one.
    pub how: How,
    /// What it is; the operands of `++` for a list.
    pub exprs: Vec<Definition>,
}

/// How an attribute is combined with the generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It stands for itself.
    Replaces,
    /// A list that is appended; each expression is an item.
    Items,
    /// A list that is appended; each expression is a list.
    Lists,
    /// A set that is merged.
    Merges,
}
