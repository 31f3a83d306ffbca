//! Hashing a derivation modulo its fixed outputs: what a fixed output is fetched from must not
//! matter to those who use it, so its inputs are left out of the hash.

use std::collections::{BTreeMap, BTreeSet};

use super::super::hash::{Algorithm, Hash};
use super::super::path::{IngestionMethod, StoreDir};
use super::{Derivation, DerivationOutput, StorePath, aterm};

/// The hash of a derivation modulo fixed outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrvHash {
    /// One hash for the whole derivation.
    Regular {
        /// The hash.
        hash: Hash,
        /// Some output path it depends on is not known before building.
        deferred: bool,
    },
    /// A fixed output's own hash.
    Fixed(Hash),
}

/// Why a `.drv` could not be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuloError {
    /// An input derivation is not at hand.
    #[error("derivation '{0}' is needed for its hash and is not there")]
    MissingInput(String),
}

/// The hash of a fixed output.
pub(super) fn fixed(method: IngestionMethod, hash: &Hash, path: &StorePath, store: &StoreDir) -> DrvHash {
    let text = format!(
        "fixed:out:{}{}:{}:{}",
        method.prefix(),
        hash.algorithm(),
        hash.to_base16(),
        store.print(path)
    );
    DrvHash::Fixed(Hash::of(Algorithm::Sha256, text))
}

/// Whether the path of `output` follows only from building it.
pub(super) fn is_floating(output: &DerivationOutput) -> bool {
    matches!(output, DerivationOutput::Floating { .. } | DerivationOutput::Impure { .. })
}

pub(super) fn hash<E>(
    drv: &Derivation,
    store: &StoreDir,
    mut input: impl FnMut(&StorePath) -> Result<DrvHash, E>,
) -> Result<DrvHash, E> {
    if let Some((method, hash, path)) = drv.fixed_output() {
        return Ok(fixed(method, hash, path, store));
    }
    let mut any_deferred = drv.outputs.values().any(is_floating);
    let mut inputs: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (path, outputs) in &drv.input_drvs {
        let hash = match input(path)? {
            DrvHash::Regular { hash, deferred } => {
                any_deferred |= deferred;
                hash
            }
            DrvHash::Fixed(hash) => hash,
        };
        inputs.entry(hash.to_base16()).or_default().extend(outputs.iter().map(String::as_str));
    }
    let text = aterm::write(drv, store, Some(&inputs));
    Ok(DrvHash::Regular { hash: Hash::of(Algorithm::Sha256, text), deferred: any_deferred })
}
