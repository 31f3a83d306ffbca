//! A folder, and what is written beneath it: in one step each, on the disk when it is said to be, and never through
//! a link. Every file that this program writes for its users goes through here.
//!
//! Paths are walked a folder at a time from the open root, none of them through a link, so that what a repository
//! contains cannot lead a write out of it.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::sync::atomic::{AtomicU32, Ordering};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::limited;

/// A folder that things are written in.
#[derive(Debug)]
pub struct Place {
    folder: File,
    /// As people know it.
    path: Utf8PathBuf,
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing at all.
    Nothing,
    /// A plain file.
    Bytes(Vec<u8>),
    /// A folder, a link, a device; or a link or a file on the way.
    Other,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

impl Place {
    /// Opens a folder. Its own path may have links: whoever calls this has named it.
    ///
    /// # Errors
    /// When it is no folder that can be read.
    pub fn open(path: &Utf8Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::open(path.as_std_path(), flags, Mode::empty()).map_err(named(path))?;
        Ok(Self { folder: File::from(opened), path: path.to_owned() })
    }

    /// As [`Place::open`]; the folder and those above it are made where they are missing.
    ///
    /// # Errors
    /// When they cannot be.
    pub fn make(path: &Utf8Path) -> io::Result<Self> {
        let missing =
            path.ancestors().take_while(|above| !above.as_str().is_empty() && !above.exists()).last();
        fs::create_dir_all(path).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        if let Some(parent) = missing.map(|first| first.parent().filter(|p| !p.as_str().is_empty())) {
            sync_folder(parent.unwrap_or(Utf8Path::new(".")))?;
        }
        Self::open(path)
    }

    /// As people know it.
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// The open folder.
    pub(super) fn fd(&self) -> &File {
        &self.folder
    }

    /// A folder beneath this one; no part of the way is a link.
    fn folder(&self, path: &Utf8Path, make: bool) -> io::Result<OwnedFd> {
        let mut at = self.folder.as_fd().try_clone_to_owned()?;
        let mut way = Utf8PathBuf::new();
        for component in path.components() {
            let Utf8Component::Normal(name) = component else {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("{path} leads out of the folder"),
                ));
            };
            way.push(name);
            let mut next = rustix::fs::openat(&at, name, FOLDER, Mode::empty());
            if make && matches!(next, Err(Errno::NOENT)) {
                match rustix::fs::mkdirat(&at, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) => rustix::fs::fsync(&at).map_err(named(&way))?,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(named(&way)(error)),
                }
                next = rustix::fs::openat(&at, name, FOLDER, Mode::empty());
            }
            at = next.map_err(|error| match error {
                Errno::LOOP | Errno::MLINK => link(&way),
                // Linux says so of a link that is to be a folder, too.
                Errno::NOTDIR if is_link(&at, name) => link(&way),
                error => named(&way)(error),
            })?;
        }
        Ok(at)
    }

    /// The folder that a file is in, and the file's name in it.
    fn parent<'p>(&self, path: &'p Utf8Path, make: bool) -> io::Result<(OwnedFd, &'p str)> {
        let name = path.file_name().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, format!("{path} is no name of a file"))
        })?;
        Ok((self.folder(path.parent().unwrap_or(Utf8Path::new("")), make)?, name))
    }

    /// What is at a path; a link is not followed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn look(&self, path: &Utf8Path) -> io::Result<Found> {
        let (parent, name) = match self.parent(path, false) {
            Ok(found) => found,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::NotFound => Ok(Found::Nothing),
                    io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => Ok(Found::Other),
                    _ => Err(error),
                };
            }
        };
        // Not to wait for whoever writes to a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&parent, name, flags, Mode::empty()) {
            Ok(opened) => File::from(opened),
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(Errno::LOOP | Errno::MLINK | Errno::NXIO) => return Ok(Found::Other),
            Err(error) => return Err(named(path)(error)),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Found::Other);
        }
        let bytes = limited::opened(file, metadata.len())
            .map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
        Ok(Found::Bytes(bytes))
    }

    /// Gives a file a new text, in one step: whoever looks, and whoever comes after a power cut, sees the old one
    /// or the new one. Its permissions stay; folders are made. When this returns, it is on the disk.
    ///
    /// # Errors
    /// When it cannot be written, or what is there is no plain file; then nothing has changed, unless [`is_done`] says
    /// so of the error.
    pub fn replace(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path, true)?;
        let new = stage(&parent, path, bytes, permissions(&parent, path, name)?)?;
        self.settle(&parent, &new, path, name)
    }

    /// As [`Place::replace`], for a file that must not be there yet.
    ///
    /// # Errors
    /// When it cannot be written, or there is something already.
    pub fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path, true)?;
        if rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
            return Err(named(path)(Errno::EXIST));
        }
        let new = stage(&parent, path, bytes, None)?;
        self.settle(&parent, &new, path, name)
    }

    /// As [`Place::create`], for what only its user may read, from the first byte on.
    ///
    /// # Errors
    /// When it cannot be written, or there is something already.
    pub fn create_private(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        let (parent, name) = self.parent(path, true)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened =
            rustix::fs::openat(&parent, name, flags, Mode::from_raw_mode(0o600)).map_err(named(path))?;
        let mut file = File::from(opened);
        if let Err(error) = file.write_all(bytes).and_then(|()| file.sync_all()) {
            let _ = rustix::fs::unlinkat(&parent, name, AtFlags::empty());
            return Err(io::Error::new(error.kind(), format!("{path}: {error}")));
        }
        confirm(&parent, path)
    }

    fn settle(&self, parent: &OwnedFd, new: &str, path: &Utf8Path, name: &str) -> io::Result<()> {
        if let Err(error) = rustix::fs::renameat(parent, new, parent, name) {
            let _ = rustix::fs::unlinkat(parent, new, AtFlags::empty());
            return Err(named(path)(error));
        }
        confirm(parent, path)
    }

    /// Moves a file that lies ready, synced, below `from` to its place, and syncs that.
    pub(super) fn put(&self, from: &Place, ready: &Utf8Path, path: &Utf8Path) -> io::Result<()> {
        let (there, old) = from.parent(ready, false)?;
        let (parent, name) = self.parent(path, true)?;
        rustix::fs::renameat(&there, old, &parent, name).map_err(named(path))?;
        confirm(&parent, path)
    }

    /// Removes a file; that it is not there is as good.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, path: &Utf8Path) -> io::Result<()> {
        let (parent, name) = match self.parent(path, false) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
            Ok(()) => confirm(&parent, path),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(named(path)(error)),
        }
    }

    /// Removes what writers that were killed have left beside their files, below a folder. It is not removed while it
    /// is fresh: some write without the lock on the root.
    pub(super) fn sweep(&self, path: &Utf8Path) {
        let old = |metadata: fs::Metadata| {
            metadata.is_file()
                && metadata.uid() == rustix::process::geteuid().as_raw()
                && metadata.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT))
        };
        for entry in walkdir::WalkDir::new(self.path.join(path)).follow_links(false).into_iter().flatten() {
            let is_ours = entry.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes());
            if is_ours && entry.path().symlink_metadata().is_ok_and(old) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The permissions of what is at a path, if it is a plain file.
    pub(super) fn permissions(&self, path: &Utf8Path) -> Option<Permissions> {
        let (parent, name) = self.parent(path, false).ok()?;
        permissions(&parent, path, name).ok()?
    }

    /// The user that a folder beneath this one belongs to; `None`: there is no such folder.
    pub(super) fn owner(&self, path: &Utf8Path) -> io::Result<Option<u32>> {
        match self.folder(path, false) {
            Ok(folder) => Ok(Some(File::from(folder).metadata()?.uid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The permissions of a plain file; `None`: nothing is there.
fn permissions(parent: &OwnedFd, path: &Utf8Path, name: &str) -> io::Result<Option<Permissions>> {
    match rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => Ok(Some(Permissions::from_mode(found.st_mode & 0o7777))),
            FileType::Symlink => Err(link(path)),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path} is no plain file"))),
        },
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(named(path)(error)),
    }
}

/// What the names of new files begin with.
pub const TEMPORARY: &str = ".pgflakegen-";
/// A new file that is older than this is nobody's any more.
const LEFT: std::time::Duration = std::time::Duration::from_secs(600);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Writes a new file beside where it is to be, and syncs it.
fn stage(parent: &OwnedFd, path: &Utf8Path, bytes: &[u8], mode: Option<Permissions>) -> io::Result<String> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let (name, opened) = loop {
        let name = format!("{TEMPORARY}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        match rustix::fs::openat(parent, &name, flags, Mode::from_raw_mode(0o666)) {
            Ok(opened) => break (name, opened),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(named(path)(error)),
        }
    };
    let mut file = File::from(opened);
    let written = fill(&mut file, bytes, mode);
    if let Err(error) = written {
        let _ = rustix::fs::unlinkat(parent, &name, AtFlags::empty());
        return Err(io::Error::new(error.kind(), format!("{path}: {error}")));
    }
    Ok(name)
}

fn fill(file: &mut File, bytes: &[u8], mode: Option<Permissions>) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some(mode) = mode {
        file.set_permissions(mode)?;
    }
    file.sync_all()
}

/// What was done, but may be undone by a power cut, as the disk has not confirmed it.
#[derive(Debug, thiserror::Error)]
#[error("{0} is written, but the disk does not confirm it: {1}")]
struct Unconfirmed(Utf8PathBuf, io::Error);

/// Whether an error is about something that was done all the same.
pub fn is_done(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Unconfirmed>())
}

fn confirm(folder: &OwnedFd, path: &Utf8Path) -> io::Result<()> {
    rustix::fs::fsync(folder).map_err(|error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), Unconfirmed(path.to_owned(), error))
    })
}

/// Syncs what a folder has: which names, not what they hold.
pub(super) fn sync_folder(path: &Utf8Path) -> io::Result<()> {
    let opened =
        File::open(path).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))?;
    opened.sync_all().map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}

fn is_link(parent: &OwnedFd, name: &str) -> bool {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Symlink)
}

fn link(path: &Utf8Path) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{path} is a link, which is not written through"))
}

fn named(path: &Utf8Path) -> impl Fn(Errno) -> io::Error {
    move |error| {
        let error = io::Error::from(error);
        io::Error::new(error.kind(), format!("{path}: {error}"))
    }
}

/// [`Place::replace`] for a file that somebody has named: its folder's path may have links, itself it is none.
///
/// # Errors
/// As there.
pub fn replace(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("{path} is no name of a file")))?;
    let folder = path.parent().filter(|parent| !parent.as_str().is_empty());
    Place::open(folder.unwrap_or(Utf8Path::new(".")))?.replace(Utf8Path::new(name), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Utf8Path::from_path(folder.path()).expect("UTF-8").to_owned();
        (folder, Place::open(&path).expect("it is there"))
    }

    #[test]
    fn a_file_is_made_replaced_and_keeps_its_permissions() {
        let (folder, place) = place();
        place.replace("a/b/c.sh".into(), b"one").expect("written");
        let file = folder.path().join("a/b/c.sh");
        fs::set_permissions(&file, Permissions::from_mode(0o750)).expect("set");
        place.replace("a/b/c.sh".into(), b"two").expect("written");
        assert_eq!(fs::read(&file).expect("there"), b"two");
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o750);
        assert_eq!(place.look("a/b/c.sh".into()).expect("readable"), Found::Bytes(b"two".to_vec()));
        let error = place.create("a/b/c.sh".into(), b"three").expect_err("it is there");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let names = fs::read_dir(folder.path().join("a/b")).expect("readable").count();
        assert_eq!(names, 1, "nothing is left beside it");
    }

    #[test]
    fn nothing_is_written_read_or_removed_through_a_link() {
        let (folder, place) = place();
        let outside = tempfile::tempdir().expect("a folder");
        fs::write(outside.path().join("victim"), "whole").expect("written");
        std::os::unix::fs::symlink(outside.path(), folder.path().join("way")).expect("a link");
        std::os::unix::fs::symlink(outside.path().join("victim"), folder.path().join("file"))
            .expect("a link");
        for path in ["way/victim", "way/new", "file", "../victim", "way/deeper/new"] {
            let error = place.replace(path.into(), b"harm").expect_err(path);
            assert!(error.to_string().contains("link") || error.to_string().contains("leads out"), "{error}");
            assert!(place.look(path.into()).is_ok_and(|found| found == Found::Other), "{path}");
        }
        assert!(place.remove("way/victim".into()).is_err());
        let names: Vec<_> = fs::read_dir(outside.path()).expect("readable").flatten().collect();
        assert_eq!(names.len(), 1);
        assert_eq!(fs::read(outside.path().join("victim")).expect("there"), b"whole");
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let (folder, place) = place();
        fs::create_dir(folder.path().join("folder")).expect("made");
        let error = place.replace("folder".into(), b"x").expect_err("a folder");
        assert_eq!(error.to_string(), "folder is no plain file");
        place.remove("absent/file".into()).expect("it is not there");
        assert_eq!(place.look("absent/file".into()).expect("readable"), Found::Nothing);
    }
}
