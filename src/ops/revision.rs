//! The catalogue as it is elsewhere: at a revision of the git repository, or in another folder.

use std::path::{Component, Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Loaded};
use crate::accounts::changes::Digests;
use crate::catalogue::model::{Catalogue, Vendor};
use crate::catalogue::{self, FOLDER, Files, Node};
use crate::git::Repository;
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
    let place = folder.join(FOLDER);
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
    let top = repository.root.canonicalize().unwrap_or_else(|_| repository.root.clone());
    let folder = start.strip_prefix(&top).unwrap_or(Path::new("")).join(FOLDER);
    let mut files = Files::new();
    let mut digests = Digests::new();
    let mut links: Vec<(Utf8PathBuf, Vec<u8>)> = Vec::new();
    let found = repository.files(&commit, &folder)?;
    for file in found {
        let Ok(below) = file.entry.path.strip_prefix(&folder) else { continue };
        let Some(below) = Utf8Path::from_path(below).map(Utf8Path::to_owned) else {
            files.unreadable_names.push(below.to_string_lossy().into_owned());
            continue;
        };
        if file.entry.is_link() {
            links.push((below, file.contents));
            continue;
        }
        digests.insert(below.clone(), digest(&file.contents));
        files.insert(below, file.contents);
    }
    for (path, target) in links {
        let target = String::from_utf8(target).ok().and_then(|target| inside(&path, &target));
        let node = match target.as_deref().map(|target| (target, files.get(target))) {
            Some((target, Some(node))) => {
                let node = node.clone();
                if let Some(digest) = digests.get(target) {
                    digests.insert(path.clone(), digest.clone());
                }
                node
            }
            Some((_, None)) => Node::Dangling,
            None => Node::Outside,
        };
        files.put(path, node);
    }
    if files.is_empty() {
        return Err(Error::NoCatalogueAt { revision: revision.to_owned() });
    }
    let catalogue = usable(&files, Some(&format!("{revision}:")))?;
    Ok(Read { catalogue, digests })
}

/// Where a link of the catalogue leads, if that is inside of it.
fn inside(link: &Utf8Path, target: &str) -> Option<Utf8PathBuf> {
    let mut path = PathBuf::from(link.parent()?);
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Utf8PathBuf::from_path_buf(path).ok()
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

    #[test]
    fn links_stay_inside() {
        let inside = |link: &str, target: &str| inside(Utf8Path::new(link), target).map(String::from);
        assert_eq!(inside("extensions/a.toml", "b.toml").as_deref(), Some("extensions/b.toml"));
        assert_eq!(inside("extensions/a.toml", "../x/./b").as_deref(), Some("x/b"));
        assert_eq!(inside("a.toml", "../b"), None);
        assert_eq!(inside("a.toml", "/b"), None);
    }
}
