//! What Nix's store is: base-32, hashes, store paths, NAR archives and derivations; and the archives that
//! sources come in, read into file trees.
//!
//! Knows nothing of the Nix language and never touches a real store: everything here is a
//! computation over bytes, names and file trees.

#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod archive;
pub mod base32;
pub mod dates;
pub mod derivation;
pub mod derivation_diff;
pub mod hash;
pub mod nar;
pub mod path;
pub mod spool;

pub use derivation::{Derivation, DerivationOutput, DrvHash};
pub use hash::{Algorithm, Hash, HashError, Hasher};
pub use path::{IngestionMethod, StoreDir, StorePath, StorePathError};
