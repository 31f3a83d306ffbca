//! References to flakes, and places of flakes.

use std::path::Path;

use nix_store::StorePath;

use super::Result;
use crate::flake;
pub use crate::flake::{git_root, is_reference, split_fragment};

/// A reference to a commit of the git repository at `root`.
///
/// # Errors
/// When the path is none that a reference can have.
pub fn reference_to(root: &Path, commit: &str) -> Result<String> {
    Ok(flake::reference_to(root, commit)?)
}

/// The store path that a folder has to [`Session::flake_in_place`](super::Session::flake_in_place).
///
/// # Errors
/// When there is none.
pub fn place_of(folder: &Path) -> Result<StorePath> {
    Ok(flake::place_of(&nix_store::StoreDir::default(), folder)?.0)
}
