//! The catalogue as it is elsewhere: at a revision of the git repository, or in another folder.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Loaded};
use crate::accounts::changes::Digests;
use crate::catalogue::model::{Catalogue, Vendor};
use crate::catalogue::{self, Committed, Files};
use crate::git::Repository;
use crate::layout::CATALOGUE;
use crate::limited;
use crate::store::{Algorithm, Hash};

/// Which catalogue is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A revision of the repository that the catalogue is in.
    Revision(String),
    /// A folder with a catalogue.
    Folder(Utf8PathBuf),
}

impl Side {
    /// As it is typed: what begins with `.` or `/`, or ends with `/`, is a folder.
    pub fn parse(text: &str) -> Self {
        match text.starts_with(['.', '/']) || text.ends_with('/') {
            true => Self::Folder(text.into()),
            false => Self::Revision(text.to_owned()),
        }
    }

    /// As it was typed.
    pub fn name(&self) -> &str {
        match self {
            Self::Revision(name) => name,
            Self::Folder(path) => path.as_str(),
        }
    }
}

/// A catalogue without errors, with what its files hold.
#[derive(Debug)]
pub(crate) struct Read {
    pub catalogue: Catalogue,
    pub digests: Digests,
}

/// Reads one side. `root` is the repository.
///
/// # Errors
/// When there is no such revision or folder, or its catalogue has errors.
pub(crate) fn read(root: &Utf8Path, side: &Side) -> Result<Read, Error> {
    match side {
        Side::Folder(folder) => {
            if !folder.is_dir() {
                let why = "there is no such folder; a revision does not begin with `.` or `/`".to_owned();
                return Err(Error::Unfit { path: folder.clone(), why });
            }
            in_folder(folder, Some(&format!("{}/", folder.as_str().trim_end_matches('/'))))
        }
        Side::Revision(revision) => at_revision(root, revision),
    }
}

/// The catalogue in a folder; findings say where it is, if that is not the repository itself.
pub(crate) fn in_folder(folder: &Utf8Path, shown: Option<&str>) -> Result<Read, Error> {
    let failed = |source| Error::Catalogue { root: folder.to_owned(), source };
    let files = Files::read(folder).map_err(failed)?;
    let catalogue = usable(&files, shown)?;
    let place = folder.join(CATALOGUE);
    let mut digests = Digests::new();
    for path in named(&catalogue) {
        // What cannot be read is said by `check`.
        if let Ok(bytes) = limited::read(place.join(&path)) {
            digests.insert(path, digest(&bytes));
        }
    }
    Ok(Read { catalogue, digests })
}

fn at_revision(root: &Utf8Path, revision: &str) -> Result<Read, Error> {
    let read = |source| Error::Read { path: root.to_owned(), source };
    let start = root.as_std_path().canonicalize().map_err(read)?;
    let Some(repository) = Repository::around(&start)? else {
        return Err(Error::NoRevisions(root.to_string()));
    };
    let Some(commit) = repository.commit(revision)? else {
        return Err(Error::NoRevision {
            revision: revision.to_owned(),
            folder: Path::new(revision).is_dir(),
        });
    };
    let Committed { files, contents } =
        catalogue::committed(&repository, &commit, &repository.below(&start).join(CATALOGUE))?;
    if files.is_empty() {
        return Err(Error::NoCatalogueAt { revision: revision.to_owned() });
    }
    let catalogue = usable(&files, Some(&format!("{revision}:")))?;
    let digests = contents.into_iter().map(|(path, bytes)| (path, digest(&bytes))).collect();
    Ok(Read { catalogue, digests })
}

/// The catalogue, or what is wrong with it; `shown` stands before the paths of its files.
fn usable(files: &Files, shown: Option<&str>) -> Result<Catalogue, Error> {
    let mut loaded = Loaded::default();
    match catalogue::load_from(files, &mut loaded.sources, &mut loaded.diagnostics) {
        Some(catalogue) => Ok(catalogue),
        None => {
            if let Some(shown) = shown {
                loaded.sources.rename(|path| format!("{shown}{path}").into());
            }
            Err(Error::Unusable(Box::new(loaded)))
        }
    }
}

/// The files that a catalogue names, relative to its folder.
fn named(catalogue: &Catalogue) -> Vec<Utf8PathBuf> {
    let mut all: Vec<Utf8PathBuf> =
        catalogue.postgresqls.iter().flat_map(|postgresql| postgresql.patches.iter().cloned()).collect();
    for extension in &catalogue.extensions {
        all.extend(extension.override_file.clone());
        for version in &extension.versions {
            all.extend(version.build.patches.iter().cloned());
            if let Some(Vendor::Lock { file, .. }) = version.build.pgrx.as_ref().map(|pgrx| &pgrx.vendor) {
                all.push(file.clone());
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

fn digest(bytes: &[u8]) -> String {
    Hash::of(Algorithm::Sha256, bytes).to_base32()
}

/// The latest tag that a revision has behind it.
///
/// # Errors
/// When there is none, or no repository.
pub fn latest_tag(root: &Utf8Path) -> Result<String, Error> {
    let repository = Repository::around(root.as_std_path())?;
    let Some(repository) = repository else { return Err(Error::NoRevisions(root.to_string())) };
    let line = repository.line(["describe", "--tags", "--abbrev=0", "HEAD"]);
    match line {
        Ok(Some(tag)) => Ok(tag.to_string_lossy().into_owned()),
        _ => Err(Error::NoTag(root.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_look_like_folders() {
        assert_eq!(Side::parse("HEAD~1"), Side::Revision("HEAD~1".into()));
        assert_eq!(Side::parse("origin/main"), Side::Revision("origin/main".into()));
        for folder in [".", "./a", "../a", "/a", "a/"] {
            assert_eq!(Side::parse(folder), Side::Folder(folder.into()));
        }
    }
}
