//! What must be true of a catalogue: one rule per file, each a function from the whole to findings.
//!
//! A rule reports and changes nothing. It looks at what is there and passes over what is missing or of the
//! wrong type, because that was reported when the file was read.

use super::files::Files;
use super::index::{Index, kind, versions};
use super::model::Kind;
use super::raw::{ExtensionFile, Field, List, RawCatalogue, RawVersion, Spanned};
use crate::diag::{Diagnostics, SourceMap};

mod attribute_paths;
mod bound;
mod caches;
mod ci;
mod defaults;
mod duplicate_names;
mod empty;
mod features;
mod fits;
mod follow;
mod hashes;
mod image;
mod inputs;
mod installcheck;
mod kinds;
mod licenses;
mod like;
mod locks;
mod machine;
mod names;
mod paths;
mod pgrx;
mod pgrx_majors;
mod policy;
mod postgresql_specs;
mod postgresql_versions;
mod push;
mod requires;
mod same_hash;
mod server;
mod settings;
mod settings_known;
mod side_by_side;
mod sources;
mod sql_names;
pub(in crate::catalogue) mod systems;
pub(in crate::catalogue) mod text;
mod urls;
mod values;
mod version_words;
mod wording;

/// What rules look at.
pub struct Context<'a> {
    /// As written.
    pub raw: &'a RawCatalogue,
    /// What lies in the folder.
    pub files: &'a Files,
    /// The texts, for findings that depend on spelling.
    pub sources: &'a SourceMap,
    /// Cross references.
    pub index: Index<'a>,
}

/// What a list has, where there is one.
fn each<T>(list: &Field<List<T>>) -> impl Iterator<Item = &Spanned<T>> {
    list.iter().flat_map(|list| &list.value)
}

impl<'a> Context<'a> {
    /// Finds the cross references.
    pub fn new(raw: &'a RawCatalogue, files: &'a Files, sources: &'a SourceMap) -> Self {
        Self { raw, files, sources, index: Index::new(raw) }
    }

    /// Every extension with its kind, where that is known.
    pub fn extensions(&self) -> impl Iterator<Item = (usize, &'a ExtensionFile, Option<Kind>)> + use<'a> {
        self.raw.extensions.iter().enumerate().map(|(at, file)| (at, file, kind(&file.raw)))
    }

    /// Every version of every extension.
    pub fn versions(&self) -> impl Iterator<Item = (&'a ExtensionFile, &'a Spanned<RawVersion>)> + use<'a> {
        self.raw.extensions.iter().flat_map(|file| versions(&file.raw).map(move |version| (file, version)))
    }
}

/// A rule of the catalogue.
pub type Rule = crate::rule::Rule<fn(&Context<'_>, &mut Diagnostics)>;

/// All rules. The order does not matter: findings are shown by place.
pub const RULES: &[Rule] = &[
    attribute_paths::RULE,
    bound::RULE,
    caches::RULE,
    ci::RULE,
    defaults::RULE,
    duplicate_names::RULE,
    empty::RULE,
    features::RULE,
    fits::RULE,
    follow::RULE,
    hashes::RULE,
    image::RULE,
    inputs::RULE,
    installcheck::RULE,
    kinds::RULE,
    licenses::RULE,
    like::RULE,
    locks::RULE,
    machine::RULE,
    names::RULE,
    paths::RULE,
    pgrx::RULE,
    pgrx_majors::RULE,
    policy::RULE,
    postgresql_specs::RULE,
    postgresql_versions::RULE,
    push::RULE,
    requires::RULE,
    same_hash::RULE,
    server::RULE,
    settings::RULE,
    settings_known::RULE,
    side_by_side::RULE,
    sources::RULE,
    sql_names::RULE,
    systems::RULE,
    urls::RULE,
    values::RULE,
    version_words::RULE,
    wording::RULE,
];

/// Runs every rule.
pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for rule in RULES {
        (rule.check)(cx, found);
    }
}
