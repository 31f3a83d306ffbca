//! [`nix_eval::flakes`], and what commands ask of the repositories that flakes are in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use nix_eval::flakes::*;

use super::eval::{Error, ErrorKind, Result};
use crate::git::{GitError, Repository};

fn failed(error: GitError) -> Error {
    Error::new(ErrorKind::Io, error.to_string())
}

/// The commit that `rev` names.
///
/// # Errors
/// When there is none.
pub fn revision(root: &Path, rev: &str) -> Result<String> {
    match Repository::at(root).commit(rev).map_err(failed)? {
        Some(id) => Ok(id),
        None => {
            let message = format!("'{}' has no revision '{rev}'", root.display());
            Err(Error::new(ErrorKind::Unavailable, message))
        }
    }
}

/// A reference to the commit that `rev` names.
///
/// # Errors
/// When there is none.
pub fn at_revision(root: &Path, rev: &str) -> Result<String> {
    reference_to(root, &revision(root, rev)?)
}

/// The files that git tracks or has staged in a folder, relative to it; `None` where there is no repository.
///
/// # Errors
/// When there is one that cannot be read.
pub fn tracked(folder: &Path) -> Result<Option<BTreeSet<PathBuf>>> {
    let folder = folder.canonicalize()?;
    let Some(repository) = Repository::around(&folder).map_err(failed)? else { return Ok(None) };
    let below = repository.below(&folder);
    let entries = repository.index().map_err(failed)?;
    let paths =
        entries.into_iter().filter_map(|entry| Some(entry.path.strip_prefix(&below).ok()?.to_path_buf()));
    Ok(Some(paths.collect()))
}
