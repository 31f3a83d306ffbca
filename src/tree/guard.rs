//! One at a time, and nothing half-done from the last time.

use std::fs::{self, File, TryLockError};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::write;

/// Holds the repository against other runs of pgflakegen while it lives.
///
/// The lock is an advisory one on the root directory itself: it needs no file, and it ends with the process
/// however that ends.
#[derive(Debug)]
pub struct Guard {
    root: Utf8PathBuf,
    _lock: File,
}

impl Guard {
    /// Waits for other runs to end (`waiting` is called once, before), then finishes what an interrupted
    /// one left.
    ///
    /// # Errors
    /// When the directory cannot be opened or locked.
    pub fn acquire(root: &Utf8Path, waiting: impl FnOnce()) -> io::Result<Self> {
        let lock = File::open(root)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                lock.lock()?;
            }
            // Some network file systems have no locks; then there is nothing to wait for.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        write::recover(root)?;
        Ok(Self {
            root: fs::canonicalize(root).ok().and_then(|p| p.try_into().ok()).unwrap_or(root.to_owned()),
            _lock: lock,
        })
    }

    /// The repository.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }
}
