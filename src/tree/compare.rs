//! What is on disk against what should be.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use walkdir::WalkDir;

use super::attributes;
use super::judge::{Judge, Standing};
use super::lines;
use super::place::{Found, Place};
use crate::layout::{FLAKE_LOCK, GENERATED_FOLDERS, PIPELINES, VERSION_FILE};
use crate::render::{Generated, marker, version_in};

/// Why a file is not to be overwritten or removed without being asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Ours, but changed since we wrote it.
    Edited {
        /// The line of the first change, from zero.
        line: usize,
    },
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
    /// What is there was committed, and no version of the catalogue that we know gives it: an edit that git has.
    pub committed_edit: bool,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// Files to create, update or remove, in the order of paths.
    pub changes: Vec<Change>,
    /// How many are as they should be.
    pub unchanged: usize,
    /// Pipelines that somebody else wrote, where ours would be: they stay.
    pub kept: Vec<Utf8PathBuf>,
    /// The version that has generated what is there, if that is another one than this.
    pub other_version: Option<String>,
    /// There is neither git nor a record of an earlier run to tell an edit by.
    pub unremembered: bool,
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

/// Compares the tree below `root` with the files that should be there.
///
/// # Errors
/// When something cannot be read, with its path in the message.
pub fn compare(root: &Utf8Path, generated: &[Generated]) -> io::Result<Comparison> {
    let place = Place::open(root)?;
    let judge = LazyLock::new(|| Judge::new(&place));
    // Judging comes after: it may generate what an earlier catalogue gives.
    let different: Vec<(&Generated, Found)> = generated
        .par_iter()
        .filter_map(|file| match place.look(&file.path) {
            Ok(Found::Bytes(bytes)) => match String::from_utf8(bytes).map(lines::unix) {
                // A checkout with other ends of lines is the same tree.
                Ok(text) if text == file.text => None,
                Ok(text) => Some(Ok((file, Found::Bytes(text.into_bytes())))),
                Err(_) => Some(Ok((file, Found::Other))),
            },
            Ok(found) => Some(Ok((file, found))),
            Err(error) => Some(Err(error)),
        })
        .collect::<io::Result<_>>()?;
    let mut unchanged = generated.len() - different.len();
    let mut changes = BTreeMap::new();
    let mut kept = Vec::new();
    for (file, found) in different {
        let (before, standing) = match found {
            Found::Nothing => (None, Standing::Ours),
            Found::Other => (Some(String::new()), Standing::Foreign),
            Found::Bytes(bytes) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let standing = judge.standing(&file.path, &text, Some(&file.text));
                (Some(text), standing)
            }
        };
        if standing == Standing::Foreign && PIPELINES.iter().any(|path| file.path == *path) {
            kept.push(file.path.clone());
            continue;
        }
        changes.insert(file.path.clone(), change(&file.path, before, Some(&file.text), standing));
    }
    for stale in stale(&place, generated, &judge)? {
        changes.insert(stale.path.clone(), stale);
    }
    if let Some(change) = attributes::change(&place)? {
        changes.insert(change.path.clone(), change);
    }
    let version = Utf8Path::new(VERSION_FILE);
    let before = changes.get(version).and_then(|change| version_in(change.before.as_deref()?));
    let other_version = before.filter(|version| *version != env!("CARGO_PKG_VERSION")).map(str::to_owned);
    // Where another version gives the same, there is nothing to do.
    if changes.len() == 1 && other_version.is_some() {
        changes.clear();
        unchanged += 1;
    }
    let edited = |change: &Change| matches!(change.conflict, Some(Conflict::Edited { .. }));
    let unremembered = changes.values().any(edited) && !judge.remembers();
    let changes = changes.into_values().collect();
    Ok(Comparison { changes, unchanged, kept, other_version, unremembered })
}

fn change(path: &Utf8Path, before: Option<String>, after: Option<&String>, standing: Standing) -> Change {
    Change {
        path: path.to_owned(),
        before,
        after: after.cloned(),
        conflict: match standing {
            // What Nix or a bot has committed is a wish.
            Standing::Committed if path == FLAKE_LOCK => Some(Conflict::Edited { line: 0 }),
            Standing::Ours | Standing::Committed => None,
            Standing::Edited { line } => Some(Conflict::Edited { line }),
            Standing::Foreign => Some(Conflict::Foreign),
        },
        committed_edit: standing == Standing::Committed,
    }
}

/// Files with our mark that nothing in the plan accounts for.
fn stale(place: &Place, generated: &[Generated], judge: &Judge) -> io::Result<Vec<Change>> {
    let planned: std::collections::HashSet<&Utf8Path> = generated.iter().map(|f| f.path.as_path()).collect();
    let mut stale = Vec::new();
    for path in PIPELINES.map(Utf8Path::new).into_iter().filter(|path| !planned.contains(path)) {
        if let Found::Bytes(bytes) = place.look(path)?
            && let Ok(text) = String::from_utf8(bytes).map(lines::unix)
            && marker::is_ours(&text)
        {
            let standing = judge.standing(path, &text, None);
            stale.push(change(path, Some(text), None, standing));
        }
    }
    for directory in GENERATED_FOLDERS {
        let directory = place.path().join(directory);
        if !std::fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_dir()) {
            continue;
        }
        for entry in WalkDir::new(&directory).follow_links(false).sort_by_file_name() {
            let entry = entry?;
            let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
            let Ok(relative) = path.strip_prefix(place.path()) else { continue };
            if !entry.file_type().is_file() || planned.contains(relative) {
                continue;
            }
            let Found::Bytes(bytes) = place.look(relative)? else { continue };
            let Ok(text) = String::from_utf8(bytes).map(lines::unix) else { continue };
            // An empty file may be what is left of one of ours.
            if !marker::is_ours(&text) && !text.trim_end_matches('\0').is_empty() {
                continue;
            }
            match judge.standing(relative, &text, None) {
                Standing::Foreign => {}
                standing => stale.push(change(relative, Some(text), None, standing)),
            }
        }
    }
    Ok(stale)
}
