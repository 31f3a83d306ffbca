//! What must be true of a catalogue: one rule per file, each a function from the whole to findings.
//!
//! A rule reports and changes nothing. It looks at what is there and passes over what is missing or of the
//! wrong type, because that was reported when the file was read.

use super::files::Files;
use super::index::{Index, kind, versions};
use super::model::Kind;
use super::raw::{ExtensionFile, RawCatalogue, RawVersion, Spanned};
use crate::diag::{Diagnostics, SourceMap};

mod empty;
mod hashes;
mod postgresql_specs;

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

/// A rule.
type Rule = fn(&Context<'_>, &mut Diagnostics);

/// All rules. The order does not matter: findings are shown by place.
const RULES: &[Rule] = &[empty::check, hashes::check, postgresql_specs::check];

/// Runs every rule.
pub fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for rule in RULES {
        rule(cx, found);
    }
}
