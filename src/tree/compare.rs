//! What is on disk against what should be.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use walkdir::WalkDir;

use super::DIRECTORIES;
use crate::limited;
use crate::render::Generated;
use crate::render::marker::{self, Mark};

/// Why a file is not to be overwritten or removed without being asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Ours, but changed since we wrote it.
    Edited,
    /// Somebody else's file, or no plain file, stands where ours should.
    Foreign,
}

/// A file that is not as it should be.
#[derive(Clone, Debug)]
pub struct Change {
    /// Relative to the root.
    pub path: Utf8PathBuf,
    /// What is there; `None`: nothing.
    pub before: Option<String>,
    /// What should be; `None`: nothing.
    pub after: Option<String>,
    /// Why we must not simply do it.
    pub conflict: Option<Conflict>,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Files to create, update or remove, in the order of paths.
    pub changes: Vec<Change>,
    /// How many are as they should be.
    pub unchanged: usize,
}

impl Comparison {
    /// How many files are created, updated, removed.
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |f: fn(&Change) -> bool| self.changes.iter().filter(|c| f(c)).count();
        (
            count(|c| c.before.is_none()),
            count(|c| c.before.is_some() && c.after.is_some()),
            count(|c| c.after.is_none()),
        )
    }
}

/// What stands at a path.
enum Found {
    Nothing,
    Text(String),
    /// A directory, a link, a file that is not UTF-8.
    Other,
}

/// Reads without following links: a link in our tree could lead out of the repository.
fn look(root: &Utf8Path, path: &Utf8Path) -> io::Result<Found> {
    let mut at = root.to_owned();
    for component in path.parent().into_iter().flat_map(Utf8Path::components) {
        at.push(component);
        match fs::symlink_metadata(&at) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(Found::Other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(error),
        }
    }
    at.push(path.file_name().unwrap_or_default());
    match fs::symlink_metadata(&at) {
        Ok(metadata) if metadata.is_file() => {
            Ok(String::from_utf8(limited::read(&at)?).map_or(Found::Other, Found::Text))
        }
        Ok(_) => Ok(Found::Other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

/// Compares the tree below `root` with the files that should be there.
///
/// # Errors
/// When something cannot be read, with its path in the message.
pub fn compare(root: &Utf8Path, generated: &[Generated]) -> io::Result<Comparison> {
    let lock_hash = recorded_lock_hash(root);
    let found: Vec<(Option<Change>, bool)> = generated
        .par_iter()
        .map(|file| {
            let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.path));
            let (before, conflict) = match look(root, &file.path).map_err(at)? {
                Found::Nothing => (None, None),
                Found::Text(text) if text == file.text => return Ok((None, true)),
                Found::Text(text) => {
                    let conflict = conflict(&file.path, &text, lock_hash.as_deref());
                    (Some(text), conflict)
                }
                Found::Other => (Some(String::new()), Some(Conflict::Foreign)),
            };
            let after = Some(file.text.clone());
            Ok((Some(Change { path: file.path.clone(), before, after, conflict }), false))
        })
        .collect::<io::Result<_>>()?;
    let unchanged = found.iter().filter(|(_, same)| *same).count();
    let mut changes: BTreeMap<_, _> =
        found.into_iter().filter_map(|(change, _)| change).map(|c| (c.path.clone(), c)).collect();
    for stale in stale(root, generated)? {
        changes.insert(stale.path.clone(), stale);
    }
    Ok(Comparison { changes: changes.into_values().collect(), unchanged })
}

fn conflict(path: &Utf8Path, text: &str, lock_hash: Option<&str>) -> Option<Conflict> {
    if path == "flake.lock" {
        let ours = lock_hash.is_some_and(|hash| marker::hash(text) == hash);
        return (!ours).then_some(if lock_hash.is_some() { Conflict::Edited } else { Conflict::Foreign });
    }
    match marker::check(text) {
        Mark::Intact => None,
        Mark::Edited => Some(Conflict::Edited),
        Mark::Foreign => Some(Conflict::Foreign),
    }
}

/// The hash of the `flake.lock` that we wrote with the tree that is there.
fn recorded_lock_hash(root: &Utf8Path) -> Option<String> {
    let Ok(Found::Text(text)) = look(root, Utf8Path::new("generated/catalogue.json")) else { return None };
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    Some(value.get("lock-hash")?.as_str()?.to_owned())
}

/// Files with our mark that nothing in the plan accounts for.
fn stale(root: &Utf8Path, generated: &[Generated]) -> io::Result<Vec<Change>> {
    let planned: std::collections::HashSet<&Utf8Path> = generated.iter().map(|f| f.path.as_path()).collect();
    let mut stale = Vec::new();
    for directory in DIRECTORIES {
        let directory = root.join(directory);
        if !fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_dir()) {
            continue;
        }
        for entry in WalkDir::new(&directory).follow_links(false).sort_by_file_name() {
            let entry = entry?;
            let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
            let Ok(relative) = path.strip_prefix(root) else { continue };
            if !entry.file_type().is_file() || planned.contains(relative) {
                continue;
            }
            let Ok(text) = limited::text(path) else { continue };
            let conflict = match marker::check(&text) {
                Mark::Foreign => continue,
                Mark::Intact => None,
                Mark::Edited => Some(Conflict::Edited),
            };
            stale.push(Change { path: relative.to_owned(), before: Some(text), after: None, conflict });
        }
    }
    Ok(stale)
}
