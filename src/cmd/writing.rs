//! Catalogue files written together with what is generated from them: all of it or nothing. And commits of that.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Context, Loaded, generate, validate};
use crate::catalogue::{self, FOLDER, Files};
use crate::diag::{Code, Diagnostic, Diagnostics, Format, SourceMap, foreign};
use crate::git::Repository;
use crate::limited;
use crate::rule::{Finder, finder};
use crate::tree::{self, Change};
use crate::upstream::bump::Bumped;

/// What is found here.
pub(crate) const FINDER: Finder = finder!(CannotEdit);

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

/// Checks the catalogue as it would be, then replaces its files and the generated tree in one step. Says `false`
/// when there are findings; then nothing was written.
pub(super) fn write(root: &Utf8Path, edits: &Edits, context: &mut Context<'_>) -> anyhow::Result<bool> {
    let guard = super::recovered(root, context)?;
    let mut all = Files::read(root)?;
    let mut loaded = Loaded { catalogue: None, sources: SourceMap::new(), diagnostics: Diagnostics::new() };
    for (path, edit) in edits {
        let there = limited::text(root.join(FOLDER).join(path)).ok();
        if there != edit.before {
            let message = format!("{FOLDER}/{path} changed while its new version was being fetched");
            loaded.diagnostics.push(Diagnostic::global(Code::CannotEdit, message).help("try again"));
        }
        match &edit.after {
            Some(text) => all.insert(path.clone(), text.as_bytes()),
            None => all.remove(path),
        }
    }
    let refused = |loaded: Loaded, context: &mut Context<'_>, why: &str| {
        loaded.emit(Format::Text, context)?;
        context.say(why)?;
        anyhow::Ok(false)
    };
    if loaded.diagnostics.has_errors() {
        return refused(loaded, context, "nothing was changed");
    }
    let new = catalogue::load_from(&all, &mut loaded.sources, &mut loaded.diagnostics);
    if let Some(new) = &new {
        validate::judge_catalogue(new, root, &mut loaded.sources, &mut loaded.diagnostics)?;
    }
    let Some(new) = new.filter(|_| !loaded.diagnostics.has_errors()) else {
        let why = "the catalogue would be wrong with the new versions; nothing was changed";
        return refused(loaded, context, why);
    };
    let mut comparison = generate::compare(root, &new)?;
    generate::report_conflicts(&comparison, false, &mut loaded);
    if loaded.diagnostics.has_errors() {
        return refused(loaded, context, "nothing was changed");
    }
    loaded.emit(Format::Text, context)?;
    let (created, updated, removed) = comparison.counts();
    let unchanged = comparison.unchanged;
    comparison.changes.extend(edits.iter().filter(|(_, edit)| edit.before != edit.after).map(
        |(path, edit)| Change {
            path: Utf8Path::new(FOLDER).join(path),
            before: edit.before.clone(),
            after: edit.after.clone(),
            conflict: None,
            committed_edit: false,
        },
    ));
    if !comparison.changes.is_empty() {
        tree::write(&guard, &comparison).context("the files cannot be written")?;
    }
    context.say(format_args!(
        "generated: {created} created, {updated} updated, {removed} removed, {unchanged} unchanged"
    ))?;
    Ok(true)
}

/// As [`write`], for files that are simply to be as given.
pub(super) fn apply(
    root: &Utf8Path,
    files: &BTreeMap<Utf8PathBuf, String>,
    context: &mut Context<'_>,
) -> anyhow::Result<bool> {
    let edit = |(path, text): (&Utf8PathBuf, &String)| {
        let before = limited::text(root.join(FOLDER).join(path)).ok();
        (path.clone(), Edit { before, after: Some(text.clone()) })
    };
    write(root, &files.iter().map(edit).collect(), context)
}

/// Generates from a catalogue that was just changed.
pub(super) fn generated(context: &mut Context<'_>) -> anyhow::Result<bool> {
    match generate::run(&generate::Args::default(), context) {
        Ok(outcome) => Ok(outcome == super::Outcome::Clean),
        Err(error) => Err(match error.downcast::<tree::WriteError>() {
            Ok(error) => error.after_the_catalogue().into(),
            Err(error) => error,
        }),
    }
}

/// What a bump writes to.
const WRITTEN: [&str; 7] =
    [FOLDER, "generated", "schema", "flake.nix", "flake.lock", "tests/prime.sql", ".gitattributes"];

/// The repository that a commit is to be made in.
fn repository(root: &Utf8Path) -> anyhow::Result<Repository> {
    let found = Repository::around(root.as_std_path())?;
    found.with_context(|| format!("{root} is in no git repository; --commit needs one"))
}

/// A commit of ours must hold nothing of somebody else's.
pub(super) fn clean(root: &Utf8Path) -> anyhow::Result<()> {
    let root = root.canonicalize_utf8()?;
    let written = WRITTEN.map(|path| root.join(path));
    let paths: Vec<&Path> = written.iter().map(|path| path.as_std_path()).collect();
    let status = repository(&root)?.status(&paths)?;
    let lines: Vec<String> = status
        .iter()
        .map(|status| {
            format!("{}{} {}", status.index, status.tree, foreign::line(&status.path.to_string_lossy()))
        })
        .collect();
    anyhow::ensure!(
        lines.is_empty(),
        "there are changes that are not committed; --commit wants none:\n{}",
        lines.join("\n")
    );
    Ok(())
}

pub(super) fn commit(root: &Utf8Path, bumped: &[Bumped]) -> anyhow::Result<()> {
    let root = root.canonicalize_utf8()?;
    let repository = repository(&root)?;
    // `git add` takes names of files that are gone only where it knows them.
    let mut there: Vec<Utf8PathBuf> = Vec::new();
    for path in WRITTEN.map(|path| root.join(path)) {
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
