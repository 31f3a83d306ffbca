//! What Nix's store is: base-32, hashes, store paths, NAR archives and derivations.
//!
//! Knows nothing of the Nix language and never touches a real store: everything here is a
//! computation over bytes, names and file trees.

pub mod base32;
pub mod causes;
pub mod derivation;
pub mod hash;
pub mod nar;
pub mod path;

pub use derivation::{Derivation, DerivationOutput, DrvHash};
pub use hash::{Algorithm, Hash, HashError, Hasher};
pub use path::{IngestionMethod, StoreDir, StorePath, StorePathError};
