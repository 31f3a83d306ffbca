//! Where evaluation may look. Paths are followed part by part, links included, as programs name them: in a
//! store whose paths may only be computed. Pure evaluation sees there what its sources are and what it
//! put there itself, and nothing beside; a link that leads elsewhere leads nowhere.

use std::io;

use rustc_hash::FxHashSet;

use super::core_packages::COREPKGS;
use super::error::{Error, Kind, io_error};
use super::ir::Pos;
use super::machine::{Ev, Result};
use super::paths::parent;
use super::shared::Shared;
use nix_store::nar::FileType;

/// Links on the way to one file, beyond which there is no end to them.
const MAX_LINKS: u32 = 1024;

/// What is done with a link that a path ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// It is followed as all others are.
    Followed,
    /// It is what is meant.
    Kept,
}

/// Directories that are known to be there and to have no link in their paths.
pub type PlainDirs = FxHashSet<Box<[u8]>>;

/// Why a path leads nowhere.
#[derive(Debug)]
pub enum Astray {
    /// Its links have no end.
    Circle,
    /// A part of it cannot be looked at.
    Io(io::Error),
}

impl Shared {
    /// Whether evaluation may look at `path`, which has no links in it. What leads to the store is seen, as
    /// far as it does.
    pub fn may_see(&self, path: &[u8]) -> bool {
        let store = self.store.as_str().as_bytes();
        if !self.settings.pure || path.starts_with(COREPKGS) {
            return true;
        }
        match path.strip_prefix(store) {
            Some([b'/', rest @ ..]) => {
                let base = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
                std::str::from_utf8(base).is_ok_and(|base| self.imported.has(base))
            }
            _ => self.leads_to_store(path),
        }
    }

    /// Whether programs may name what is on this machine as their sources.
    pub fn takes_local(&self) -> bool {
        !self.settings.pure || self.settings.local_sources
    }

    /// Whether `path` is the store or above it: there is nothing of the machine's in it for pure evaluation.
    fn leads_to_store(&self, path: &[u8]) -> bool {
        let store = self.store.as_str().as_bytes();
        path == b"/" || store.strip_prefix(path).is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
    }

    /// What is at `path`, in which are no links but perhaps the last part, as far as evaluation may know.
    pub fn kind_at(&self, path: &[u8]) -> io::Result<Option<FileType>> {
        if self.settings.pure {
            if self.leads_to_store(path) {
                // Those between the root and the store do not exist there.
                let there = path == b"/" || path == self.store.as_str().as_bytes();
                return Ok(there.then_some(FileType::Directory));
            }
            if !self.may_see(path) {
                return Ok(None);
            }
        }
        self.io.file_type(&self.real(path))
    }

    /// Where `path` leads: the same place without links.
    pub fn resolve(
        &self,
        path: &[u8],
        last: Last,
        plain: &mut PlainDirs,
    ) -> std::result::Result<Vec<u8>, Astray> {
        let (dir, name) = (parent(path), super::paths::file_name(path));
        let (mut done, mut todo) = match plain.contains(dir) {
            true if last == Last::Kept => return Ok(path.to_vec()),
            true => (dir.to_vec(), vec![name.to_vec()]),
            false => (Vec::new(), parts(path)),
        };
        let mut links = 0;
        while let Some(part) = todo.pop() {
            if part == b".." {
                done.truncate(done.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                continue;
            }
            let before = done.len();
            done.push(b'/');
            done.extend_from_slice(&part);
            if plain.contains(&done[..]) || (last == Last::Kept && todo.is_empty()) {
                continue;
            }
            match self.kind_at(&done).map_err(Astray::Io)? {
                Some(FileType::Symlink) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Astray::Circle);
                    }
                    let target = self.io.read_link(&self.real(&done)).map_err(Astray::Io)?;
                    done.truncate(if target.starts_with(b"/") { 0 } else { before });
                    todo.extend(parts(&target));
                }
                Some(FileType::Directory) => {
                    plain.insert(done.as_slice().into());
                }
                _ => {}
            }
        }
        if done.is_empty() {
            done.push(b'/');
        }
        Ok(done)
    }
}

/// The parts of a path, last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.rsplit(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    parts.map(<[u8]>::to_vec).collect()
}

impl Ev {
    /// Where a file is that a program names as a source: anywhere on this machine, or, where it may not name that,
    /// in what it has already. `None` where it is not to be had.
    pub(super) fn local_source(&mut self, path: &[u8]) -> Option<Vec<u8>> {
        if self.shared.takes_local() {
            return Some(path.to_vec());
        }
        self.readable(path, 0).ok().filter(|place| place != b"/")
    }

    /// As [`Shared::resolve`].
    pub(super) fn resolve(&mut self, path: &[u8], last: Last, pos: Pos) -> Result<Vec<u8>> {
        self.shared.resolve(path, last, &mut self.plain_dirs).map_err(|astray| match astray {
            Astray::Circle => {
                let path = String::from_utf8_lossy(path);
                Error::at(Kind::Io, format!("infinite symlink recursion in path '{path}'"), pos)
            }
            Astray::Io(error) => io_error("read", path, &error, pos),
        })
    }

    /// Whether pure mode allows to look at `path`, which has no links in it.
    pub(super) fn check_access(&self, path: &[u8], pos: Pos) -> Result<()> {
        if self.shared.may_see(path) {
            return Ok(());
        }
        let path = String::from_utf8_lossy(path);
        let message = format!(
            "access to absolute path '{path}' is forbidden in pure evaluation mode (use '--impure' to override)"
        );
        Err(Error::at(Kind::Restricted, message, pos))
    }

    /// Where the contents are that `path` names: links followed, allowed to be read.
    pub(super) fn readable(&mut self, path: &[u8], pos: Pos) -> Result<Vec<u8>> {
        let place = self.resolve(path, Last::Followed, pos)?;
        self.check_contents(&place, pos)?;
        Ok(place)
    }

    /// As [`Self::check_access`], for contents: pure evaluation knows that there is a store, and not what is
    /// in it.
    pub(super) fn check_contents(&self, place: &[u8], pos: Pos) -> Result<()> {
        self.check_access(place, pos)?;
        let shown = String::from_utf8_lossy(place);
        match self.shared.settings.pure && place != b"/" && self.shared.leads_to_store(place) {
            true if place == self.shared.store.as_str().as_bytes() => {
                let message = format!("path '{shown}/' is not in the Nix store");
                Err(Error::at(Kind::Restricted, message, pos))
            }
            true => Err(Error::at(Kind::Io, format!("path '{shown}' does not exist"), pos)),
            false => Ok(()),
        }
    }

    /// The contents of a file, links followed.
    pub(crate) fn read_at(&mut self, path: &[u8], pos: Pos) -> Result<Vec<u8>> {
        let place = self.readable(path, pos)?;
        if place == b"/" {
            return Err(Error::at(Kind::Io, "file '/' is not a regular file", pos));
        }
        let real = self.shared.real(&place);
        let outside = self.shared.io.clone();
        self.room_for(usize::try_from(outside.file_size(&real).unwrap_or(0)).unwrap_or(usize::MAX))?;
        outside.read_file(&real).map_err(|error| self.shared.unread("read", &place, &error, pos))
    }

    /// What is at `path`, the links on the way followed.
    pub(crate) fn kind_of(&mut self, path: &[u8], last: Last, pos: Pos) -> Result<Option<FileType>> {
        let place = self.resolve(path, last, pos)?;
        self.shared.kind_at(&place).map_err(|error| io_error("read", path, &error, pos))
    }
}
