//! Replacing the tree in one step.
//!
//! A complete new `generated/` is built beside the old one, from hard links where nothing changes, and the
//! two are exchanged by one system call. The few files outside it follow by renames. A journal, itself put in
//! place by a rename, names all steps before the first is taken, so that whoever comes next after a kill
//! takes the rest of them: at any moment the tree is the old one or, at the next run, the new one.

use std::collections::HashMap;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use walkdir::WalkDir;

use super::{Change, Comparison, Guard, STAGING};

const TREE: &str = "generated";
const JOURNAL: &str = "journal.json";

/// All steps of a replacement. Every one can be taken twice.
#[derive(Serialize, Deserialize, Default)]
struct Journal {
    /// A path below `generated/` that tells the new tree from the old one: it is there, or not.
    exchange: Option<Probe>,
    /// From the staging directory to the root.
    renames: Vec<(Utf8PathBuf, Utf8PathBuf)>,
    /// Files that go.
    removals: Vec<Utf8PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Probe {
    path: Utf8PathBuf,
    /// Its text in the new tree.
    text: Option<String>,
}

/// Makes the tree what it should be. The caller has dealt with conflicts.
///
/// # Errors
/// When something cannot be written; then nothing has changed.
pub fn write(guard: &Guard, comparison: &Comparison) -> io::Result<()> {
    let _unbroken = crate::interrupt::unbroken();
    let root = guard.root();
    let staging = root.join(STAGING);
    let result = prepare(root, &staging, &comparison.changes).and_then(|journal| {
        let text = serde_json::to_string(&journal)?;
        fs::write(staging.join("journal.new"), text)?;
        fs::rename(staging.join("journal.new"), staging.join(JOURNAL))
    });
    match result {
        Ok(()) => recover(root),
        Err(error) => {
            // Nothing has been touched yet; what was prepared is of no use.
            let _ = fs::remove_dir_all(&staging);
            Err(error)
        }
    }
}

fn prepare(root: &Utf8Path, staging: &Utf8Path, changes: &[Change]) -> io::Result<Journal> {
    fs::create_dir(staging)?;
    let mut journal = Journal::default();
    let (inside, outside): (Vec<_>, Vec<_>) = changes.iter().partition(|c| c.path.starts_with(TREE));
    if let Some(first) = inside.first() {
        new_tree(root, staging, &inside)?;
        journal.exchange = Some(Probe { path: first.path.clone(), text: first.after.clone() });
    }
    for (index, change) in outside.iter().enumerate() {
        match &change.after {
            None => journal.removals.push(change.path.clone()),
            Some(text) => {
                let staged = Utf8PathBuf::from(format!("file-{index}"));
                fs::write(staging.join(&staged), text)?;
                if let Ok(metadata) = fs::metadata(root.join(&change.path)) {
                    fs::set_permissions(staging.join(&staged), metadata.permissions())?;
                }
                journal.renames.push((staged, change.path.clone()));
            }
        }
    }
    // flake.nix comes last: it is what Nix reads first.
    journal.renames.sort_by_key(|(_, to)| (to == "flake.nix", to.clone()));
    Ok(journal)
}

/// Builds the whole new `generated/` in the staging directory. Files that are not ours come along.
fn new_tree(root: &Utf8Path, staging: &Utf8Path, changes: &[&Change]) -> io::Result<()> {
    let by_path: HashMap<&Utf8Path, &Change> = changes.iter().map(|c| (c.path.as_path(), *c)).collect();
    let old = root.join(TREE);
    fs::create_dir(staging.join(TREE))?;
    if fs::symlink_metadata(&old).is_ok_and(|m| m.is_dir()) {
        for entry in WalkDir::new(&old).min_depth(1).follow_links(false) {
            let entry = entry?;
            let relative = entry.path().strip_prefix(root.as_std_path()).map_err(io::Error::other)?;
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
            let target = staging.join(&change.path);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(target, text)?;
        }
    }
    // Directories that only stale files have filled.
    for change in changes.iter().filter(|c| c.after.is_none()) {
        for directory in change.path.ancestors().skip(1).take_while(|d| *d != TREE) {
            let _ = fs::remove_dir(staging.join(directory));
        }
    }
    Ok(())
}

fn link(from: &std::path::Path, to: &std::path::Path) -> io::Result<()> {
    if fs::symlink_metadata(from)?.is_symlink() {
        return rustix::fs::symlink(fs::read_link(from)?, to).map_err(io::Error::from);
    }
    // Some file systems have no hard links.
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(|_| ()))
}

/// Takes the steps that an earlier run has journalled, and clears away what it left.
pub(super) fn recover(root: &Utf8Path) -> io::Result<()> {
    let staging = root.join(STAGING);
    if !fs::symlink_metadata(&staging).is_ok_and(|m| m.is_dir()) {
        return Ok(());
    }
    let journal: Option<Journal> = match fs::read_to_string(staging.join(JOURNAL)) {
        Ok(text) => serde_json::from_str(&text).ok(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if let Some(journal) = journal {
        take(root, &staging, &journal)?;
        fs::remove_file(staging.join(JOURNAL))?;
    }
    fs::remove_dir_all(&staging)
}

fn take(root: &Utf8Path, staging: &Utf8Path, journal: &Journal) -> io::Result<()> {
    if let Some(probe) = &journal.exchange {
        let there = fs::read_to_string(root.join(&probe.path)).ok();
        if there != probe.text {
            exchange(&staging.join(TREE), &root.join(TREE), &staging.join("old"))?;
        }
    }
    for (from, to) in &journal.renames {
        let (from, to) = (staging.join(from), root.join(to));
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => {}
            other => other?,
        }
    }
    for path in &journal.removals {
        match fs::remove_file(root.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

/// Puts `new` where `current` is, in one step where the system can.
fn exchange(new: &Utf8Path, current: &Utf8Path, aside: &Utf8Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if !new.exists() {
        return Ok(());
    }
    if !current.exists() {
        return fs::rename(new, current);
    }
    if renameat_with(CWD, new.as_std_path(), CWD, current.as_std_path(), RenameFlags::EXCHANGE).is_ok() {
        return Ok(());
    }
    fs::rename(current, aside)?;
    fs::rename(new, current)
}
