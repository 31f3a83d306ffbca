//! Existing work taken over: hand-written derivations and versions.json files, into catalogue entries.

mod derivation;
mod entry;
mod versions_json;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

pub use derivation::{Derivation, Fetched, read};
pub use entry::entry;
pub use versions_json::{Listed, parse as versions_json};

/// What became of one extension.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its name in the catalogue.
    pub name: String,
    /// Files relative to the catalogue folder; empty: nothing was taken over.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// What was not taken over as it was, and why.
    pub remarks: Vec<String>,
    /// Why nothing was.
    pub refused: Option<String>,
    /// Versions of cargo-pgrx that it needs.
    pub cargo_pgrx: Vec<String>,
}

impl Imported {
    /// Nothing was taken over.
    pub fn refused(name: &str, why: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            files: BTreeMap::new(),
            remarks: Vec::new(),
            refused: Some(why.into()),
            cargo_pgrx: Vec::new(),
        }
    }

    /// `in full`, `in part`, `not`.
    pub fn extent(&self) -> &'static str {
        match (&self.refused, self.remarks.is_empty()) {
            (Some(_), _) => "not",
            (None, true) => "in full",
            (None, false) => "in part",
        }
    }
}
