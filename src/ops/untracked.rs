//! Files that git does not know, and Nix therefore does not see: of a flake in a git repository it takes what is tracked.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use crate::git::Repository;
use crate::layout::{CATALOGUE, FLAKE_LOCK, FLAKE_NIX, GENERATED, GIT_ATTRIBUTES, PRIME_SQL, SCHEMA};

/// Files of the catalogue, and generated ones, that git does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untracked {
    /// How many.
    pub files: usize,
    /// What `git add` takes for all of them, in the repository of the catalogue.
    pub names: Vec<String>,
}

/// What a flake is made of here.
const OURS: [&str; 7] = [GIT_ATTRIBUTES, CATALOGUE, FLAKE_LOCK, FLAKE_NIX, GENERATED, SCHEMA, PRIME_SQL];

/// Files named one by one; of more than that their folders.
const FEW: usize = 3;

/// What git does not know. `None`: it knows all, or there is no git repository that can be asked.
pub fn untracked(root: &Utf8Path) -> Option<Untracked> {
    let real = root.canonicalize_utf8().ok()?;
    let repository = Repository::around(real.as_std_path()).ok()??;
    let paths = OURS.map(|name| real.join(name));
    let paths: Vec<&Path> = paths.iter().map(|path| path.as_std_path()).collect();
    // The repository may begin higher than the catalogue's.
    let below = real.strip_prefix(Utf8Path::from_path(repository.root())?).ok()?;
    let status = repository.status(&paths).ok()?;
    let files: Vec<Utf8PathBuf> = status
        .into_iter()
        .filter(|status| status.is_untracked())
        .filter_map(|status| Utf8PathBuf::try_from(status.path).ok())
        .filter_map(|path| path.strip_prefix(below).ok().map(Utf8Path::to_owned))
        .collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    let names = match files.len() {
        0 => return None,
        few if few <= FEW && files.iter().all(|file| file.as_str().chars().all(plain)) => {
            files.iter().map(Utf8PathBuf::to_string).collect()
        }
        _ => {
            let has = |name: &&str| files.iter().any(|file| file.starts_with(name));
            OURS.iter().copied().filter(has).map(str::to_owned).collect()
        }
    };
    Some(Untracked { files: files.len(), names })
}
