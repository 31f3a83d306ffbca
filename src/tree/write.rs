//! Replacing the tree in one step, so that a power cut at any moment leaves the old one, the new one, or what the
//! next run makes the new one.
//!
//! A complete new `generated/` is built beside the old one, from hard links where nothing changes; what lies outside
//! of it is staged as well. All of that is synced, and so is the record of the texts that are about to be there,
//! before anything of the user's changes. Then come the catalogue's files, `generated/` by one system call that
//! exchanges the two trees, and the few files outside by renames, `flake.nix` last.
//!
//! There is no journal. What is generated follows from the catalogue, and whatever mixture a kill leaves, each of its
//! files is one that the record knows: the next run generates. Only changes to several files of the catalogue must
//! come all or not at all; they have [`super::edits`].

use crate::layout::{CATALOGUE, FLAKE_NIX, GENERATED, GIT_IGNORE, STATE};
use std::collections::HashMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use walkdir::WalkDir;

use super::edits::{self, AFTER, BEFORE};
use super::place::{self, Place, sync_folder};
use super::record::Record;
use super::{Change, Comparison, Guard};

/// Where the new tree is built, in the folder of our state.
const STAGING: &str = "staging";
/// With more files than this, one call that syncs the whole file system is faster than one for each: 2 ms in place of
/// 40 for 100 files, 0.2 s in place of 8 for 3,000, and more where others keep the disk busy.
const MANY: usize = 8;

/// What is on the disk when writing has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// All as it was.
    Unchanged,
    /// The changes to several files of the catalogue are noted, and some are made.
    Pending,
    /// The catalogue is changed, what is generated is not.
    Behind,
    /// `generated/` is new, of the files outside of it not all.
    Partly,
}

/// Why the tree could not be written, and what state it is in.
#[derive(Debug, thiserror::Error)]
#[error("{cause}; {}", .state.sentence())]
pub struct WriteError {
    /// What is there.
    pub state: State,
    cause: io::Error,
}

impl WriteError {
    /// As it is to be said where the catalogue was changed before, by a step of its own.
    #[must_use]
    pub fn after_the_catalogue(self) -> Self {
        let state = if self.state == State::Unchanged { State::Behind } else { self.state };
        Self { state, ..self }
    }
}

impl State {
    fn sentence(self) -> &'static str {
        match self {
            Self::Unchanged => "nothing was changed",
            Self::Pending => {
                "the changes to the catalogue are noted, but not all are made: `pgflakegen` completes them"
            }
            Self::Behind => {
                "the catalogue is changed, what is generated from it not yet: `pgflakegen` does that"
            }
            Self::Partly => "generated/ is new, of the files beside it not all: `pgflakegen` completes them",
        }
    }

    fn of(self, cause: io::Error) -> WriteError {
        WriteError { state: self, cause }
    }

    /// This state, or `done`, if what the error is about was done all the same.
    fn or(self, done: Self, cause: io::Error) -> WriteError {
        if place::is_done(&cause) { done.of(cause) } else { self.of(cause) }
    }
}

/// The changes, by where they go.
struct Parts<'a> {
    catalogue: Vec<&'a Change>,
    tree: Vec<&'a Change>,
    /// `flake.nix` last: it is what Nix reads first.
    beside: Vec<&'a Change>,
}

impl<'a> Parts<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut parts = Self { catalogue: Vec::new(), tree: Vec::new(), beside: Vec::new() };
        for change in changes {
            let part = if change.path.starts_with(CATALOGUE) {
                &mut parts.catalogue
            } else if change.path.starts_with(GENERATED) {
                &mut parts.tree
            } else {
                &mut parts.beside
            };
            part.push(change);
        }
        parts.beside.sort_by_key(|change| (change.path == FLAKE_NIX, &change.path));
        parts
    }
}

/// Makes the tree what it should be. The caller has dealt with conflicts.
///
/// # Errors
/// When something cannot be written; the error says what is there then.
pub fn write(guard: &Guard, comparison: &Comparison) -> Result<(), WriteError> {
    let _unbroken = crate::interrupt::unbroken();
    let place = guard.place();
    let parts = Parts::of(&comparison.changes);
    let result = (|| {
        let staging = stage(place, &parts).map_err(|error| State::Unchanged.of(error))?;
        take(place, &staging, &parts)
    })();
    // What was staged is of no use any more, and of no harm.
    let _ = fs::remove_dir_all(place.path().join(STATE).join(STAGING));
    result
}

/// What is staged, to be synced. The files are not kept open, as a process may have few at a time.
struct Staged {
    files: Vec<Utf8PathBuf>,
}

impl Staged {
    fn add(&mut self, path: &Utf8Path, bytes: &[u8], mode: Option<Permissions>) -> io::Result<()> {
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(at)?;
        }
        let mut file = File::create_new(path).map_err(at)?;
        file.write_all(bytes).map_err(at)?;
        if let Some(mode) = mode {
            file.set_permissions(mode).map_err(at)?;
        }
        self.files.push(path.to_owned());
        Ok(())
    }

    /// Everything below `folder` is on the disk after this.
    fn sync(self, folder: &Utf8Path) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if self.files.len() > MANY {
            return rustix::fs::syncfs(File::open(folder)?).map_err(io::Error::from);
        }
        for file in &self.files {
            File::open(file)?.sync_all()?;
        }
        for entry in WalkDir::new(folder).contents_first(true).follow_links(false) {
            let entry = entry?;
            if entry.file_type().is_dir() {
                sync_folder(Utf8Path::from_path(entry.path()).unwrap_or(folder))?;
            }
        }
        Ok(())
    }
}

/// Makes the folder of our state, with nothing of an earlier run in it but the record.
fn state(place: &Place) -> io::Result<Place> {
    let path = place.path().join(STATE);
    match fs::create_dir(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io::Error::new(error.kind(), format!("{path}: {error}"))),
    }
    if !fs::symlink_metadata(&path)?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            format!("{path} is no folder; pgflakegen keeps its notes there, so move it away"),
        ));
    }
    let state = Place::open(&path)?;
    match state.create(Utf8Path::new(GIT_IGNORE), b"*\n") {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        other => other?,
    }
    clear(place)?;
    Ok(state)
}

/// Removes what a run that was killed has staged, or had not yet cleared away.
pub(super) fn clear(place: &Place) -> io::Result<()> {
    let state = place.path().join(STATE);
    if !fs::symlink_metadata(&state).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    // The old tree, where two folders cannot be exchanged.
    let aside = state.join(STAGING).join(format!("{GENERATED}.old"));
    let current = place.path().join(GENERATED);
    if aside.is_dir() && !current.exists() {
        fs::rename(&aside, &current)?;
    }
    for left in [STAGING, edits::DONE] {
        match fs::remove_dir_all(state.join(left)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// Puts everything ready, on the disk.
fn stage(place: &Place, parts: &Parts<'_>) -> io::Result<Place> {
    let state = state(place)?;
    let folder = state.path().join(STAGING);
    fs::create_dir(&folder).map_err(|error| io::Error::new(error.kind(), format!("{folder}: {error}")))?;
    let mut staged = Staged { files: Vec::new() };
    if !parts.tree.is_empty() {
        new_tree(place, &folder, &parts.tree, &mut staged)?;
    }
    for change in &parts.beside {
        if let Some(text) = &change.after {
            staged.add(&folder.join(&change.path), text.as_bytes(), place.permissions(&change.path))?;
        }
    }
    for change in &parts.catalogue {
        for (side, text) in [(BEFORE, &change.before), (AFTER, &change.after)] {
            if let Some(text) = text {
                let to = folder.join(edits::FOLDER_NAME).join(side).join(&change.path);
                staged.add(&to, text.as_bytes(), place.permissions(&change.path))?;
            }
        }
    }
    let mut record = Record::read(place);
    for change in parts.tree.iter().chain(&parts.beside) {
        // What somebody wrote is theirs also after it was replaced.
        let ours = change.conflict.is_none() && !change.committed_edit;
        for text in change.before.iter().filter(|_| ours).chain(&change.after) {
            record.note(&change.path, text);
        }
    }
    staged.add(&folder.join(Record::file()), record.text().as_bytes(), None)?;
    staged.sync(&folder)?;
    Place::open(&folder)
}

/// Takes the steps, none of which is seen half-done.
fn take(place: &Place, staging: &Place, parts: &Parts<'_>) -> Result<(), WriteError> {
    let unchanged = |error: io::Error| State::Unchanged.of(error);
    let state = place.path().join(STATE);
    let record = Utf8Path::new(STATE).join(Record::file());
    place.put(staging, Utf8Path::new(Record::file()), &record).map_err(unchanged)?;
    let edits = Utf8Path::new(edits::FOLDER_NAME);
    let mut at = State::Unchanged;
    match parts.catalogue.as_slice() {
        [] => {}
        [only] => {
            match only.after {
                Some(_) => place.put(staging, &edits.join(AFTER).join(&only.path), &only.path),
                None => place.remove(&only.path),
            }
            .map_err(|error| State::Unchanged.or(State::Behind, error))?;
            at = State::Behind;
        }
        _ => {
            fs::rename(staging.path().join(edits), state.join(edits)).map_err(unchanged)?;
            let pending = |error: io::Error| State::Pending.of(error);
            sync_folder(&state).map_err(pending)?;
            edits::complete(place).map_err(pending)?;
            at = State::Behind;
        }
    }
    if !parts.tree.is_empty() {
        exchange(&staging.path().join(GENERATED), &place.path().join(GENERATED))
            .map_err(|error| at.of(error))?;
        at = State::Partly;
        place.fd().sync_all().map_err(|error| at.of(error))?;
    }
    for change in &parts.beside {
        match change.after {
            Some(_) => place.put(staging, &change.path, &change.path),
            None => place.remove(&change.path),
        }
        .map_err(|error| at.or(State::Partly, error))?;
        at = State::Partly;
    }
    Ok(())
}

/// Builds the whole new `generated/`. Files that are not ours come along.
fn new_tree(place: &Place, staging: &Utf8Path, changes: &[&Change], staged: &mut Staged) -> io::Result<()> {
    let by_path: HashMap<&Utf8Path, &Change> = changes.iter().map(|c| (c.path.as_path(), *c)).collect();
    let old = place.path().join(GENERATED);
    fs::create_dir(staging.join(GENERATED))?;
    if fs::symlink_metadata(&old).is_ok_and(|m| m.is_dir()) {
        for entry in WalkDir::new(&old).min_depth(1).follow_links(false) {
            let entry = entry?;
            let relative = entry.path().strip_prefix(place.path().as_std_path()).map_err(io::Error::other)?;
            let target = staging.as_std_path().join(relative);
            let change = Utf8Path::from_path(relative).and_then(|path| by_path.get(path));
            if entry.file_type().is_dir() {
                // A directory that holds nothing any more is made, and removed below.
                fs::create_dir_all(&target)?;
            } else if change.is_none() {
                link(entry.path(), &target)?;
            }
        }
    }
    for change in changes {
        if let Some(text) = &change.after {
            staged.add(&staging.join(&change.path), text.as_bytes(), place.permissions(&change.path))?;
        }
    }
    // Directories that only stale files have filled.
    for change in changes.iter().filter(|c| c.after.is_none()) {
        for directory in change.path.ancestors().skip(1).take_while(|d| *d != GENERATED) {
            let _ = fs::remove_dir(staging.join(directory));
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_symlink() {
        return rustix::fs::symlink(fs::read_link(from)?, to).map_err(io::Error::from);
    }
    // Some file systems have no hard links.
    fs::hard_link(from, to).or_else(|_| {
        fs::copy(from, to)?;
        File::open(to)?.sync_all()
    })
}

/// Puts `new` where `current` is, in one step where the system can.
fn exchange(new: &Utf8Path, current: &Utf8Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{current}: {error}"));
    if fs::symlink_metadata(current).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return fs::rename(new, current).map_err(at);
    }
    match renameat_with(CWD, new.as_std_path(), CWD, current.as_std_path(), RenameFlags::EXCHANGE) {
        Ok(()) => return Ok(()),
        // Some file systems cannot.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
        Err(error) => return Err(at(error.into())),
    }
    let aside: Utf8PathBuf = format!("{new}.old").into();
    fs::rename(current, &aside).map_err(at)?;
    fs::rename(new, current).or_else(|error| {
        fs::rename(&aside, current)?;
        Err(at(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flake_nix_comes_last() {
        let paths = ["tests/prime.sql", FLAKE_NIX, ".gitattributes", "generated/VERSION", "flake.lock"];
        let change = |path: &str| Change {
            path: path.into(),
            before: None,
            after: Some(String::new()),
            conflict: None,
            committed_edit: false,
        };
        let changes = paths.map(change);
        let parts = Parts::of(&changes);
        let beside: Vec<_> = parts.beside.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(beside, [".gitattributes", "flake.lock", "tests/prime.sql", FLAKE_NIX]);
        assert_eq!((parts.tree.len(), parts.catalogue.len()), (1, 0));
    }
}
