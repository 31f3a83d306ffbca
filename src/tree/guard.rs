//! One at a time, and nothing half-done from the last time.

use std::fs::TryLockError;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::edits::{self, Interrupted};
use super::place::Place;
use super::write;

/// Holds the repository against other runs of pgflakegen while it lives.
///
/// The lock is an advisory one on the root directory itself: it needs no file, and it ends with the process
/// however that ends.
#[derive(Debug)]
pub struct Guard {
    place: Place,
}

impl Guard {
    /// Waits for other runs to end (`waiting` is called once, before). Changes nothing.
    ///
    /// # Errors
    /// When the directory cannot be opened or locked.
    pub fn acquire(root: &Utf8Path, waiting: impl FnOnce()) -> io::Result<Self> {
        let root: Utf8PathBuf = root.canonicalize_utf8().unwrap_or_else(|_| root.to_owned());
        let place = Place::open(&root)?;
        match place.fd().try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                waiting();
                place.fd().lock()?;
            }
            // Some network file systems have no locks; then there is nothing to wait for.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(Self { place })
    }

    /// Completes what an interrupted run has left to do; says what that was. Only for commands that write.
    ///
    /// # Errors
    /// When it cannot be completed, or what is there was not left by a run of this user.
    pub fn recover(&self) -> io::Result<Option<Interrupted>> {
        let _unbroken = crate::interrupt::unbroken();
        self.place.sweep(Utf8Path::new(crate::layout::CATALOGUE));
        let completed = edits::complete(&self.place)?;
        write::clear(&self.place)?;
        Ok(completed)
    }

    /// The repository.
    pub fn root(&self) -> &Utf8Path {
        self.place.path()
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}
