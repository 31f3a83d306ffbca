//! Derivations: their parts, the `.drv` text, and the hashes that name them and their outputs.

mod aterm;
mod modulo;
mod recipe;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use bstr::BString;

use super::hash::{Algorithm, Hash};
use super::path::{IngestionMethod, StoreDir, StorePath, StorePathError};

pub use aterm::ParseError;
pub use modulo::{DrvHash, ModuloError};
pub use recipe::{Named, Recipe};

/// What a derivation says of one output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DerivationOutput {
    /// The path follows from the derivation itself.
    InputAddressed(StorePath),
    /// The path follows from the hash of the contents, which is known.
    Fixed {
        /// How the contents are hashed.
        method: IngestionMethod,
        /// Their hash.
        hash: Hash,
        /// The path.
        path: StorePath,
    },
    /// The path will follow from the contents, which are not known yet.
    Floating {
        /// How the contents will be hashed.
        method: IngestionMethod,
        /// With which algorithm.
        algorithm: Algorithm,
    },
    /// Input-addressed, but an input's path is not known yet.
    Deferred,
    /// Made anew each time.
    Impure {
        /// How the contents will be hashed.
        method: IngestionMethod,
        /// With which algorithm.
        algorithm: Algorithm,
    },
}

impl DerivationOutput {
    /// The path, where it is known.
    pub fn path(&self) -> Option<&StorePath> {
        match self {
            Self::InputAddressed(path) | Self::Fixed { path, .. } => Some(path),
            Self::Floating { .. } | Self::Deferred | Self::Impure { .. } => None,
        }
    }
}

/// A derivation: how to build some outputs from some inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// Its name, without `.drv`; not part of the text.
    pub name: String,
    /// By output name.
    pub outputs: BTreeMap<String, DerivationOutput>,
    /// Derivations needed, and which of their outputs.
    pub input_drvs: BTreeMap<StorePath, BTreeSet<String>>,
    /// Sources needed.
    pub input_srcs: BTreeSet<StorePath>,
    /// The system it builds on.
    pub platform: BString,
    /// The program that builds.
    pub builder: BString,
    /// Its arguments.
    pub args: Vec<BString>,
    /// Its environment.
    pub env: BTreeMap<BString, BString>,
}

impl Derivation {
    /// The text of the `.drv` file.
    pub fn to_aterm(&self, store: &StoreDir) -> Vec<u8> {
        aterm::write(self, store, None)
    }

    /// Reads a `.drv` file. `name` is the derivation's name (the file's without hash and `.drv`).
    pub fn from_aterm(text: &[u8], name: &str, store: &StoreDir) -> Result<Self, ParseError> {
        aterm::parse(text, name, store)
    }

    /// Reads the `.drv` file that lies in a folder under the name that it has in the store.
    ///
    /// # Errors
    /// When it cannot be read; [`io::ErrorKind::InvalidData`]: when it is no derivation.
    pub fn in_folder(folder: &Path, path: &StorePath, store: &StoreDir) -> io::Result<Self> {
        let text = std::fs::read(folder.join(path.base_name()))?;
        let name = path.name().strip_suffix(".drv").unwrap_or(path.name());
        Self::from_aterm(&text, name, store)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    /// The path of the `.drv` file.
    pub fn path(&self, store: &StoreDir) -> Result<StorePath, StorePathError> {
        let hash = Hash::of(Algorithm::Sha256, self.to_aterm(store));
        let mut references = self.input_srcs.clone();
        references.extend(self.input_drvs.keys().cloned());
        store.text_path(&format!("{}.drv", self.name), &hash, &references)
    }

    /// The fixed output, if that is what this derivation has: exactly one, called `out`.
    pub fn fixed_output(&self) -> Option<(IngestionMethod, &Hash, &StorePath)> {
        match self.outputs.get("out") {
            Some(DerivationOutput::Fixed { method, hash, path }) if self.outputs.len() == 1 => {
                Some((*method, hash, path))
            }
            _ => None,
        }
    }

    /// The hash that stands for this derivation in those that depend on it. `input` gives the
    /// hash of each input derivation.
    pub fn hash_modulo<E>(
        &self,
        store: &StoreDir,
        input: impl FnMut(&StorePath) -> Result<DrvHash, E>,
    ) -> Result<DrvHash, E> {
        modulo::hash(self, store, input)
    }
}
