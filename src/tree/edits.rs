//! Changes to several files of the catalogue at once: all of them, or none.
//!
//! Before the first file changes, two trees lie ready and synced in the folder of our state: the files as they were
//! seen and as they are to be. What they say is no list of orders: a file is given its new text only where it still
//! has the old one. So whoever comes after a kill can take the rest of the steps, in any order and twice, and no
//! edit that somebody made meanwhile is lost.

use crate::layout::{CATALOGUE, STATE};
use std::collections::BTreeSet;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

use super::place::{Found, Place};
use super::state_is_own;

/// The two trees' folder, in that of our state.
pub(super) const FOLDER_NAME: &str = "edits";
/// What they become when all is done, until they are removed.
pub(super) const DONE: &str = "edits.done";
/// The files as they were.
pub(super) const BEFORE: &str = "before";
/// The files as they are to be.
pub(super) const AFTER: &str = "after";

fn folder() -> Utf8PathBuf {
    Utf8Path::new(STATE).join(FOLDER_NAME)
}

/// What an interrupted run has left to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interrupted {
    /// Files that have still the old text.
    pub pending: Vec<Utf8PathBuf>,
    /// Files that somebody has changed since; they stay as they are.
    pub changed: Vec<Utf8PathBuf>,
}

struct Step {
    path: Utf8PathBuf,
    after: Found,
}

/// What is to be done, seen by what is there. `None`: there are no such trees.
fn steps(place: &Place) -> io::Result<Option<(Vec<Step>, Interrupted)>> {
    let folder = folder();
    if place.look(&folder)? != Found::Other || place.owner(&folder).ok().flatten().is_none() {
        return Ok(None);
    }
    let refuse = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, format!("{folder} {why}"));
    if !state_is_own(place) {
        return Err(refuse("was not left by a run of yours: another user's, or tracked by git; remove it"));
    }
    let mut paths = BTreeSet::new();
    for side in [BEFORE, AFTER] {
        let side = place.path().join(&folder).join(side);
        for entry in WalkDir::new(&side).min_depth(1).follow_links(false) {
            let entry = match entry {
                Ok(entry) => entry,
                // One of the two may have nothing.
                Err(error) if error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound) => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if entry.file_type().is_dir() {
                continue;
            }
            let path = Utf8Path::from_path(entry.path()).and_then(|path| path.strip_prefix(&side).ok());
            match path {
                Some(path) if entry.file_type().is_file() && path.starts_with(CATALOGUE) => {
                    paths.insert(path.to_owned());
                }
                _ => return Err(refuse("holds what no run has left there; remove it")),
            }
        }
    }
    let (mut steps, mut interrupted) = (Vec::new(), Interrupted::default());
    for path in paths {
        let before = place.look(&folder.join(BEFORE).join(&path))?;
        let after = place.look(&folder.join(AFTER).join(&path))?;
        let now = place.look(&path)?;
        if now == after {
            continue;
        }
        if now == before {
            interrupted.pending.push(path.clone());
            steps.push(Step { path, after });
        } else {
            interrupted.changed.push(path);
        }
    }
    Ok(Some((steps, interrupted)))
}

/// What an interrupted run has left, for those that only look.
///
/// # Errors
/// When it cannot be read, or is not ours.
pub fn interrupted(root: &Utf8Path) -> io::Result<Option<Interrupted>> {
    let found = steps(&Place::open(root)?)?.map(|(_, interrupted)| interrupted);
    Ok(found.filter(|found| !found.pending.is_empty()))
}

/// Takes the steps that are left.
pub(super) fn complete(place: &Place) -> io::Result<Option<Interrupted>> {
    let Some((steps, interrupted)) = steps(place)? else { return Ok(None) };
    for step in steps {
        match &step.after {
            Found::Bytes(bytes) => place.replace(&step.path, bytes)?,
            _ => place.remove(&step.path)?,
        }
    }
    // In one step: half of the two trees would say something else than the whole.
    let (folder, done) = (place.path().join(folder()), place.path().join(STATE).join(DONE));
    match std::fs::remove_dir_all(&done) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    std::fs::rename(folder, &done)?;
    let _ = std::fs::remove_dir_all(done);
    Ok(Some(interrupted))
}
