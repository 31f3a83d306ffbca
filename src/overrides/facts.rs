//! What the linter needs to know of the extension that an override is for.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8PathBuf;

use super::index::Index;

/// What an override file of this extension gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A function of the generated derivation's attributes.
    #[default]
    Attributes,
    /// The whole derivation (`kind = "custom"`).
    Derivation,
}

/// The extension an override is for, as far as the rules need it.
#[derive(Clone, Debug, Default)]
pub struct OverrideFacts {
    /// The extension's name.
    pub extension: String,
    /// What the file is to give.
    pub role: Role,
    /// The versions in the catalogue; `None` when not known.
    pub versions: Option<Vec<String>>,
    /// The attributes that the generated derivation hands to mkDerivation, which are those of `old`;
    /// `None` when not known.
    pub attributes: Option<BTreeSet<String>>,
    /// Catalogue-owned attributes (`src`, `version`, …) that the catalogue lets this override set.
    pub owns: BTreeSet<String>,
    /// The directory the override stands in, to look for the paths it names.
    pub directory: Utf8PathBuf,
    /// The repository's root; paths may not lead out of it.
    pub repository: Utf8PathBuf,
    /// The other names of the package set that calls the override: the catalogue's extensions.
    pub packages: BTreeSet<String>,
    /// nixpkgs' attribute names, if there is an index.
    pub index: Option<Arc<Index>>,
}

impl OverrideFacts {
    /// Whether the generated derivation certainly or, failing knowledge, presumably sets `name`.
    pub fn generates(&self, name: &str) -> bool {
        self.attributes.as_ref().is_none_or(|names| names.contains(name))
    }
}
