//! What has a store path that was only computed, never written: where it really is.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::error::{Error, Kind, io_error, no_such_file};
use super::ir::Pos;
use super::machine::{Ev, Result};
use super::shared::Shared;
use super::written;
use nix_store::StorePath;

/// What a store path stands for.
#[derive(Clone, Debug)]
pub enum Place {
    /// A file or folder as it is there.
    Here(Vec<u8>),
    /// A text of the evaluation, and what it refers to.
    Text(&'static [u8], BTreeSet<StorePath>),
    /// What a filter left of a folder: paths below it.
    Part(PathBuf, BTreeSet<PathBuf>),
}

/// Base names of store paths and what they stand for.
#[derive(Default)]
pub struct Imported {
    known: RwLock<FxHashMap<String, Place>>,
    /// Folders that people know: base name, folder, whether it is a git work tree.
    folders: RwLock<Vec<(String, Vec<u8>, bool)>>,
}

impl Imported {
    /// Remembers a path; what it stands for is the same as what it may have stood for before.
    pub fn insert(&self, path: &StorePath, place: Place) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(path.base_name().to_owned()).or_insert(place);
    }

    /// Whether it is known what a base name stands for.
    pub fn has(&self, base: &str) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(base)
    }

    /// Remembers the folder that the sources at `path` are a copy of.
    pub fn came_from(&self, path: &StorePath, folder: &Path, work_tree: bool) {
        let mut folders = self.folders.write().unwrap_or_else(PoisonError::into_inner);
        if folders.iter().all(|(base, ..)| base != path.base_name()) {
            folders.push((path.base_name().to_owned(), folder.as_os_str().as_bytes().to_vec(), work_tree));
        }
    }

    /// Where a path is, if a file or folder can be named for it without writing one.
    fn here(&self, base: &str) -> Option<std::result::Result<Vec<u8>, Place>> {
        match self.known.read().unwrap_or_else(PoisonError::into_inner).get(base)? {
            Place::Here(place) => Some(Ok(place.clone())),
            other => Some(Err(other.clone())),
        }
    }
}

impl Shared {
    /// The place on disk of a path whose store path may only be computed.
    pub fn real(&self, path: &[u8]) -> Vec<u8> {
        if let Ok(text) = std::str::from_utf8(path)
            && let Ok((base, rest)) = self.store.split(text)
            && let Some(place) = self.real_root(&base)
        {
            return [&place[..], rest.as_bytes()].concat();
        }
        path.to_vec()
    }

    fn real_root(&self, path: &StorePath) -> Option<Vec<u8>> {
        match self.imported.here(path.base_name())? {
            Ok(place) => Some(place),
            // Read for the first time: it gets a place of its own.
            Err(place) => {
                let folder = self.io.temporary("import-").ok()?;
                let to = (*folder).as_ref().join(path.base_name());
                self.temporary.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
                match place {
                    Place::Text(text, _) => std::fs::write(&to, text).ok()?,
                    Place::Part(root, kept) => written::copy(&root, &to, &mut |inner| {
                        inner.strip_prefix(&root).is_ok_and(|below| kept.contains(below))
                    })
                    .ok()?,
                    Place::Here(place) => return Some(place),
                }
                let place = to.as_os_str().as_bytes().to_vec();
                let mut known = self.imported.known.write().unwrap_or_else(PoisonError::into_inner);
                known.insert(path.base_name().to_owned(), Place::Here(place.clone()));
                Some(place)
            }
        }
    }

    /// Where a person knows a file from: a folder whose copy the store path stands for. The first
    /// such folder is the user's own flake.
    pub fn known_as(&self, path: &[u8]) -> Option<Origin> {
        let text = std::str::from_utf8(path).ok()?;
        let (base, rest) = self.store.split(text).ok()?;
        let folders = self.imported.folders.read().unwrap_or_else(PoisonError::into_inner);
        let at = folders.iter().position(|(name, ..)| name == base.base_name())?;
        let (_, folder, work_tree) = folders.get(at)?;
        let path = [&folder[..], rest.as_bytes()].concat();
        let folder = folder.clone();
        Some(Origin { path, folder, work_tree: *work_tree, own: at == 0 })
    }

    /// What is said of a path at which there is nothing: git may not know of what is there.
    pub(super) fn no_file(&self, path: &[u8], pos: Pos) -> Box<Error> {
        let is_there = |origin: &Origin| {
            let below = origin.path.strip_prefix(&origin.folder[..]).is_some_and(|below| below.len() > 1);
            origin.work_tree && below && matches!(self.io.file_type(&origin.path), Ok(Some(_)))
        };
        let Some(origin) = self.known_as(path).filter(is_there) else { return no_such_file(path, pos) };
        let below = String::from_utf8_lossy(&origin.path[origin.folder.len() + 1..]);
        let folder = String::from_utf8_lossy(&origin.folder);
        let message = format!(
            "Path '{below}' in the repository \"{folder}\" is not tracked by Git. To make it visible to Nix, run: git -C \"{folder}\" add \"{below}\""
        );
        Error::at(Kind::Io, message, pos)
    }

    /// As [`io_error`], of a path in evaluation.
    pub(super) fn unread(&self, what: &str, path: &[u8], error: &std::io::Error, pos: Pos) -> Box<Error> {
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => self.no_file(path, pos),
            _ => io_error(what, path, error, pos),
        }
    }
}

/// Where a file was before its folder got a store path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file there.
    pub path: Vec<u8>,
    /// The folder that got one.
    pub folder: Vec<u8>,
    /// Whether it is in a git work tree.
    pub work_tree: bool,
    /// Whether it belongs to the flake that evaluation began with.
    pub own: bool,
}

impl Ev {
    /// As [`Shared::real`].
    pub fn real(&self, path: &[u8]) -> Vec<u8> {
        self.shared.real(path)
    }

    /// Remembers what a store path stands for, and writes it out if that is wanted.
    pub fn imported(&self, path: &StorePath, place: Place) -> Result<()> {
        if let Some(dir) = &self.shared.settings.write_to {
            written::source(dir, &self.shared.store, path, &place, &self.shared.trees)?;
        }
        self.shared.imported.insert(path, place);
        Ok(())
    }

    /// A path that is in the machine's own store is one that evaluation has from now on.
    pub(crate) fn in_store(&self, path: &StorePath) {
        let full = self.shared.store.print(path);
        self.shared.imported.insert(path, Place::Here(full.into_bytes()));
    }

    /// Writes out a source that a derivation needs, wherever it came from.
    pub(super) fn write_needed(&self, dir: &Path, path: &StorePath) -> Result<()> {
        let place = self.real(self.shared.store.print(path).as_bytes());
        if matches!(self.shared.io.file_type(&place), Ok(Some(_))) {
            written::source(dir, &self.shared.store, path, &Place::Here(place), &self.shared.trees)?;
        }
        Ok(())
    }
}
