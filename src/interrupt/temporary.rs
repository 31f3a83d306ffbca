//! Temporary folders. All of a process's lie in one folder of its own, which only its user can enter, and which it
//! holds a lock on: what a process that was killed has left, a later one knows by the lock that nobody holds.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{Mode, OFlags};

/// What the names of such folders begin with.
const PREFIX: &str = "pgflakegen-run-";

/// The folder of this process.
struct Run {
    folder: PathBuf,
    /// Held while the process lives.
    _lock: File,
    /// How many [`TemporaryDirectory`] there are in it.
    live: usize,
}

static RUN: Mutex<Option<Run>> = Mutex::new(None);

fn run() -> MutexGuard<'static, Option<Run>> {
    RUN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder that goes when this is dropped, when a signal ends the process, or else when a later one looks.
#[derive(Debug)]
pub struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    /// A new one, whose name begins with `prefix`.
    ///
    /// # Errors
    /// When none can be made.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let mut run = run();
        let current = match &mut *run {
            Some(current) => current,
            none => none.insert(begin(&std::env::temp_dir())?),
        };
        let folder = private(&current.folder, prefix)?;
        current.live += 1;
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for TemporaryDirectory {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        let _ = remove(&self.0);
        let mut run = run();
        let Some(current) = &mut *run else { return };
        current.live -= 1;
        if current.live == 0 {
            let _ = remove(&current.folder);
            *run = None;
        }
    }
}

/// A new folder that only its user can enter, whatever the umask.
fn private(parent: &Path, prefix: &str) -> io::Result<PathBuf> {
    let mut builder = tempfile::Builder::new();
    Ok(builder.prefix(prefix).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?.keep())
}

/// Makes this process's folder, after the ones that others have left are gone.
fn begin(parent: &Path) -> io::Result<Run> {
    sweep(parent);
    loop {
        let folder = private(parent, &format!("{PREFIX}{}-", std::process::id()))?;
        // Another process may have taken it for one that was left: then it is gone, or about to go.
        if let Some(lock) = claim(&folder)? {
            return Ok(Run { folder, _lock: lock, live: 0 });
        }
    }
}

/// Takes the lock on a folder; `None`: somebody else has it, or the folder is not there any more.
fn claim(folder: &Path) -> io::Result<Option<File>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match rustix::fs::open(folder, flags, Mode::empty()) {
        Ok(opened) => File::from(opened),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    match opened.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Ok(None),
        // Without locks nobody can tell what is in use: then nothing is swept.
        Err(fs::TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(fs::TryLockError::Error(error)) => return Err(error),
    }
    let still = fs::symlink_metadata(folder)
        .is_ok_and(|now| opened.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (now.dev(), now.ino())));
    Ok(still.then_some(opened))
}

/// Removes what processes of this user have left that are no more.
fn sweep(parent: &Path) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let path = entry.path();
        let own = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir() && found.uid() == user);
        if !own {
            continue;
        }
        if let Ok(Some(lock)) = claim(&path)
            && rustix::fs::flock(lock.as_fd(), rustix::fs::FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = remove(&path);
        }
    }
}

/// Removes a folder, also where its parts were made read-only.
fn remove(folder: &Path) -> io::Result<()> {
    let first = fs::remove_dir_all(folder);
    if first.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
        for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
            if entry.file_type().is_dir() {
                let _ = fs::set_permissions(entry.path(), Permissions::from_mode(0o700));
            }
        }
        return fs::remove_dir_all(folder);
    }
    first
}

/// Removes everything, as the process is about to end. Nobody makes another one while the answer is held.
pub(super) fn end() -> impl Sized {
    let run = run();
    if let Some(current) = &*run {
        // Programs that our programs started may still write there for a moment.
        for _ in 0..50 {
            let _ = remove(&current.folder);
            if !current.folder.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_swept_and_what_somebody_holds_stays() {
        let parent = tempfile::tempdir().expect("a folder");
        let held = begin(parent.path()).expect("a folder");
        fs::write(held.folder.join("file"), "1").expect("written");
        let mode = fs::metadata(&held.folder).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o700);
        let left = parent.path().join(format!("{PREFIX}1-abc"));
        fs::create_dir_all(left.join("inner")).expect("made");
        fs::write(left.join("inner/file"), "1").expect("written");
        fs::set_permissions(left.join("inner"), Permissions::from_mode(0o500)).expect("set");
        let foreign = parent.path().join("pgflakegen-notes");
        fs::create_dir(&foreign).expect("made");
        std::os::unix::fs::symlink(&foreign, parent.path().join(format!("{PREFIX}link"))).expect("a link");
        drop(begin(parent.path()).expect("a folder"));
        assert!(!left.exists(), "left over");
        assert!(held.folder.join("file").exists(), "in use");
        assert!(foreign.exists() && parent.path().join(format!("{PREFIX}link")).exists());
        drop(held);
        sweep(parent.path());
        let rest = fs::read_dir(parent.path()).expect("readable").count();
        assert_eq!(rest, 2, "the foreign one and the link");
    }

    #[test]
    fn a_folder_goes_with_its_last_handle() {
        let first = TemporaryDirectory::new("one-").expect("a folder");
        let second = TemporaryDirectory::new("two-").expect("a folder");
        let (one, two) = (first.path().to_owned(), second.path().to_owned());
        assert_eq!(one.parent(), two.parent());
        drop(first);
        assert!(!one.exists() && two.exists());
    }
}
