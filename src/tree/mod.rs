//! The generated tree on disk: comparing it with what should be there, and replacing it in one step.
//!
//! Owns the rules on whose file is whose, and the one writer of files ([`place`]): in one step, on the disk, not
//! through links. A file is ours when it carries our mark. Whether it is as we wrote it, nothing in it says, as that
//! would change with every edit and no two branches could be merged: the record of this checkout's runs says it, or
//! the text generated anew from the catalogue that git remembers.

mod attributes;
mod compare;
mod edits;
mod guard;
mod history;
mod judge;
mod lines;
pub mod place;
mod record;
mod write;

use camino::Utf8Path;

pub use attributes::completed as attributes;
pub use compare::{Change, Comparison, Conflict, compare};
pub use edits::{Interrupted, interrupted};
pub use guard::Guard;
pub use lines::has_marks;
pub use write::{State, WriteError, write};

use crate::git::{GitError, Repository};
use crate::layout::STATE;
use place::Place;

/// Whether what our folder holds was left by this user's runs: a repository that somebody else has made can have such
/// a folder, too.
fn state_is_own(place: &Place) -> bool {
    let user = rustix::process::geteuid().as_raw();
    if place.owner(Utf8Path::new(STATE)).ok().flatten() != Some(user) {
        return false;
    }
    match Repository::around(place.path().as_std_path()) {
        Ok(None) | Err(GitError::NoGit(_)) => true,
        Ok(Some(repository)) => {
            let path = place.path().canonicalize().unwrap_or_else(|_| place.path().into()).join(STATE);
            !repository.is_tracked(&path).unwrap_or(true)
        }
        Err(_) => false,
    }
}
