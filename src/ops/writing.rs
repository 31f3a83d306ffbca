//! Catalogue files written together with what is generated from them: all of it or nothing. And commits of that.

use std::collections::BTreeMap;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Host, Loaded, Notice, generate, validate};
use crate::catalogue::{self, Files};
use crate::diag::{Code, Diagnostic, foreign};
use crate::git::Repository;
use crate::layout::{
    self, CATALOGUE, FLAKE_LOCK, FLAKE_NIX, GENERATED, GIT_ATTRIBUTES, PIPELINES, PRIME_SQL, SCHEMA,
};
use crate::limited;
use crate::render::marker;
use crate::rule::{Finder, finder};
use crate::tree::{self, Change};
use crate::upstream::bump::Bumped;

/// What is found here.
pub(crate) const FINDER: Finder = finder! { CannotEdit; };

/// What becomes of a catalogue file.
#[derive(Clone, Debug, Default)]
pub(super) struct Edit {
    /// What it was when the edit was made; `None`: not there.
    pub before: Option<String>,
    /// What it is to be; `None`: it goes.
    pub after: Option<String>,
}

/// By path relative to the catalogue folder.
pub(super) type Edits = BTreeMap<Utf8PathBuf, Edit>;

/// What became of files that were to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// All is written, with what is generated.
    Done {
        /// Generated files that are new.
        created: usize,
        /// Generated files that have changed.
        updated: usize,
        /// Generated files that are gone.
        removed: usize,
        /// Generated files that are as they were.
        unchanged: usize,
    },
    /// A file has changed meanwhile, or something stands in the way; nothing was written.
    Refused,
    /// The catalogue would have errors; nothing was written.
    Wrong,
}

/// Checks the catalogue as it would be, then replaces its files and the generated tree in one step. The
/// host hears what was found, and what became of it.
///
/// # Errors
/// Also when findings are in the way; then nothing was written.
pub(super) fn write(root: &Utf8Path, edits: &Edits, host: &dyn Host) -> Result<(), Error> {
    let written = replace(root, edits, host)?;
    host.notice(Notice::Written(written));
    match written {
        Written::Done { .. } => Ok(()),
        Written::Refused | Written::Wrong => Err(Error::NotWritten(written)),
    }
}

fn replace(root: &Utf8Path, edits: &Edits, host: &dyn Host) -> Result<Written, Error> {
    let guard = super::recovered(root, host)?;
    let mut all = Files::read(root)?;
    let mut loaded = Loaded::default();
    for (path, edit) in edits {
        let there = limited::text(root.join(CATALOGUE).join(path)).ok();
        if there != edit.before {
            let message = format!("{CATALOGUE}/{path} changed while its new version was being fetched");
            loaded.diagnostics.push(Diagnostic::global(Code::CannotEdit, message).help("try again"));
        }
        match &edit.after {
            Some(text) => all.insert(path.clone(), text.as_bytes()),
            None => all.remove(path),
        }
    }
    let refused = |loaded: Loaded, why: Written| {
        host.notice(Notice::Found(&loaded));
        Ok(why)
    };
    if loaded.diagnostics.has_errors() {
        return refused(loaded, Written::Refused);
    }
    let new = catalogue::load_from(&all, &mut loaded.sources, &mut loaded.diagnostics);
    if let Some(new) = &new {
        validate::judge_catalogue(new, root, &mut loaded.sources, &mut loaded.diagnostics)?;
    }
    let Some(new) = new.filter(|_| !loaded.diagnostics.has_errors()) else {
        return refused(loaded, Written::Wrong);
    };
    let mut comparison = generate::compare(root, &new)?;
    generate::report_conflicts(&comparison, false, &mut loaded);
    if loaded.diagnostics.has_errors() {
        return refused(loaded, Written::Refused);
    }
    host.notice(Notice::Found(&loaded));
    let (created, updated, removed) = comparison.counts();
    let unchanged = comparison.unchanged;
    comparison.changes.extend(edits.iter().filter(|(_, edit)| edit.before != edit.after).map(
        |(path, edit)| Change {
            path: layout::in_catalogue(path),
            before: edit.before.clone(),
            after: edit.after.clone(),
            conflict: None,
            committed_edit: false,
        },
    ));
    if !comparison.changes.is_empty() {
        tree::write(&guard, &comparison).map_err(|source| Error::Tree { what: "the files", source })?;
    }
    Ok(Written::Done { created, updated, removed, unchanged })
}

/// As [`write`], for files that are simply to be as given.
pub(super) fn apply(
    root: &Utf8Path,
    files: &BTreeMap<Utf8PathBuf, String>,
    host: &dyn Host,
) -> Result<(), Error> {
    let edit = |(path, text): (&Utf8PathBuf, &String)| {
        let before = limited::text(root.join(CATALOGUE).join(path)).ok();
        (path.clone(), Edit { before, after: Some(text.clone()) })
    };
    write(root, &files.iter().map(edit).collect(), host)
}

/// What a bump writes to.
const WRITTEN: [&str; 7] = [CATALOGUE, GENERATED, SCHEMA, FLAKE_NIX, FLAKE_LOCK, PRIME_SQL, GIT_ATTRIBUTES];

/// All of it; of pipelines only ours.
fn written(root: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let ours = |path: &&str| limited::text(root.join(path)).is_ok_and(|text| marker::is_ours(&text));
    WRITTEN.into_iter().chain(PIPELINES.into_iter().filter(ours)).map(|path| root.join(path))
}

/// The repository that a commit is to be made in.
fn repository(root: &Utf8Path) -> Result<Repository, Error> {
    let found = Repository::around(root.as_std_path())?;
    found.ok_or_else(|| Error::NoRepository(root.to_owned()))
}

/// A commit of ours must hold nothing of somebody else's.
pub(super) fn clean(root: &Utf8Path) -> Result<(), Error> {
    let root = root.canonicalize_utf8()?;
    let written: Vec<Utf8PathBuf> = written(&root).collect();
    let paths: Vec<&Path> = written.iter().map(|path| path.as_std_path()).collect();
    let status = repository(&root)?.status(&paths)?;
    let lines: Vec<String> = status
        .iter()
        .map(|status| {
            format!("{}{} {}", status.index, status.tree, foreign::line(&status.path.to_string_lossy()))
        })
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(Error::Uncommitted(lines)) }
}

pub(super) fn commit(root: &Utf8Path, bumped: &[Bumped]) -> Result<(), Error> {
    let root = root.canonicalize_utf8()?;
    let repository = repository(&root)?;
    // `git add` takes names of files that are gone only where it knows them.
    let mut there: Vec<Utf8PathBuf> = Vec::new();
    for path in written(&root) {
        if path.exists() || repository.is_tracked(path.as_std_path())? {
            there.push(path);
        }
    }
    let there: Vec<&Path> = there.iter().map(|path| path.as_std_path()).collect();
    let titles = bumped.iter().map(|b| format!("{}: {} -> {}", b.name, b.from, b.to));
    let links = bumped.iter().flat_map(|b| b.changelog.iter().chain(&b.compare)).cloned();
    // With a source for each PostgreSQL, one version comes several times.
    let mut parts: Vec<String> = Vec::new();
    for part in titles.chain(links) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    repository.commit_paths(&there, &parts.join("\n\n"))?;
    Ok(())
}
