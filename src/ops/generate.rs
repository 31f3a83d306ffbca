//! Generating: the tree that the catalogue gives, compared with the disk ([`plan`]) and written ([`Plan::write`]).

use camino::Utf8Path;

use super::{Error, Host, Loaded};
use crate::catalogue::model::Catalogue;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceMap, Span};
use crate::layout;
use crate::progress::progress;
use crate::render;
use crate::report::{self, Size};
use crate::rule::{Finder, finder};
use crate::tree::{self, Change, Comparison, Conflict, Guard};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    CommittedEdit =
        "What is committed of this file is neither what its catalogue gives nor what a merge makes of such texts: \
         somebody has edited it and committed the edit. It is generated anew, as nothing is lost: git has the old \
         text, and the help line says how to see it. To keep the change, move it to the catalogue, an override or \
         catalogue/extra.nix.";
    EditedByHand =
        "The file carries pgflakegen's mark, but its text is none that pgflakegen has written here, nor what git's \
         catalogues give, nor what a merge makes of these: somebody has changed it. It is not overwritten, so that \
         no edit is lost. To keep the change, move it to where it belongs (the extension's entry in \
         catalogue/extensions/, an override in catalogue/overrides/, or catalogue/extra.nix). To drop it, delete \
         the file and run `pgflakegen`, which writes it anew; `pgflakegen generate --force` does that for all \
         files.";
    ForeignFile =
        "There is a file at a path that pgflakegen wants to write, and it does not carry pgflakegen's mark, or it \
         is a directory, a link or no text. It is not overwritten. Move it away (hand-written outputs go to \
         catalogue/extra.nix), or run `pgflakegen generate --force` to replace it.";
    HandWrittenPipeline =
        "[ci] of catalogue/flake.toml gives a pipeline (a workflow in .github/workflows, .gitlab-ci.yml, \
         .buildkite/pipeline.yml), but one that somebody wrote stands there already. It is never replaced, not even \
         with --force. Move it away to have the generated one, or name in workflows and services of [ci] those that \
         are wanted.";
};

/// What is to be generated.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Nothing is to be written, not even what an interrupted run has left to do.
    pub dry_run: bool,
    /// Files are replaced, too, that were edited by hand or are not ours.
    pub force: bool,
}

/// What generating would do. Holds the repository against other runs.
#[derive(Debug)]
pub struct Plan {
    guard: Guard,
    /// What was found in the catalogue, and in the files that stand in the way. Its catalogue is in [`Self::tree`].
    pub loaded: Loaded,
    /// `None`: the catalogue has errors.
    pub tree: Option<Tree>,
}

/// The tree that a catalogue gives.
#[derive(Debug)]
pub struct Tree {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// The disk against it.
    pub comparison: Comparison,
}

impl Tree {
    /// How much it is.
    pub fn size(&self) -> Size {
        report::size(&self.catalogue)
    }
}

/// Reads, checks and renders, and compares with the disk. Writes nothing, but for what an interrupted run has left to
/// do.
///
/// # Errors
/// When something cannot be read.
pub fn plan(request: &Request<'_>, host: &dyn Host) -> Result<Plan, Error> {
    let root = request.root;
    let guard = if request.dry_run { super::locked(root, host) } else { super::recovered(root, host) }?;
    let _generating = progress(host, "generating", 0);
    let mut loaded = super::load_with_overrides(root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Ok(Plan { guard, loaded, tree: None }) };
    let comparison = compare(root, &catalogue)?;
    report_conflicts(&comparison, request.force, &mut loaded);
    Ok(Plan { guard, loaded, tree: Some(Tree { catalogue, comparison }) })
}

impl Plan {
    /// What can be written: nothing stands in the way of it.
    pub fn writable(&self) -> Option<&Tree> {
        self.tree.as_ref().filter(|_| !self.loaded.diagnostics.has_errors())
    }

    /// Writes what can be written.
    ///
    /// # Errors
    /// When it cannot; the error says what state the tree is in.
    pub fn write(&self, host: &dyn Host) -> Result<(), Error> {
        match self.writable() {
            Some(tree) if !tree.comparison.changes.is_empty() => {
                let _writing = progress(host, "writing", 0);
                tree::write(&self.guard, &tree.comparison)
                    .map_err(|source| Error::Tree { what: "the new tree", source })
            }
            _ => Ok(()),
        }
    }
}

/// Plans and, unless nothing is to be written, writes.
///
/// # Errors
/// When something cannot be read or written.
pub fn generate(request: &Request<'_>, host: &dyn Host) -> Result<Plan, Error> {
    let plan = plan(request, host)?;
    if !request.dry_run {
        plan.write(host)?;
    }
    Ok(plan)
}

/// Renders the catalogue and compares it with the disk.
///
/// # Errors
/// When what is there cannot be read.
pub(crate) fn compare(root: &Utf8Path, catalogue: &Catalogue) -> Result<Comparison, Error> {
    tree::compare(root, &render::render(catalogue)).map_err(Error::Generated)
}

/// Findings for files that must not simply be replaced, and for those whose edits only git has afterwards.
pub(crate) fn report_conflicts(comparison: &Comparison, force: bool, loaded: &mut Loaded) {
    let mut found = Diagnostics::new();
    for change in &comparison.changes {
        if let Some(finding) = conflict(change, comparison, &mut loaded.sources)
            && !(force && finding.severity() == Severity::Error)
        {
            found.push(finding);
        }
    }
    for path in &comparison.kept {
        let message = format!("{path} was written by hand, and stays as it is");
        found.push(Diagnostic::global(Code::HandWrittenPipeline, message).help(format!(
            "move it away to have the one that [ci] gives, or leave it out there: {}",
            leave_out(path)
        )));
    }
    loaded.diagnostics.append(found);
}

/// How `[ci]` says that a pipeline is not wanted.
fn leave_out(path: &Utf8Path) -> &'static str {
    match path.starts_with(layout::GITHUB) {
        true => "`workflows` names those of GitHub's that are",
        false => "`services` names those that are",
    }
}

/// What stands in the way of a change, or is to be known of it.
pub(crate) fn conflict(
    change: &Change,
    comparison: &Comparison,
    sources: &mut SourceMap,
) -> Option<Diagnostic> {
    let path = &change.path;
    let text = change.before.clone().unwrap_or_default();
    let mut at = |line: usize| {
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let length = text[start..].lines().next().map_or(0, str::len);
        Span::new(sources.add(path.clone(), text.clone()), start..start + length)
    };
    let drop = if change.after.is_some() {
        format!("to drop it: `rm {path} && pgflakegen`, which writes the file anew")
    } else {
        format!("to drop it: `rm {path}`; the catalogue has no use for the file")
    };
    match change.conflict {
        Some(Conflict::Edited { .. }) if path == layout::FLAKE_LOCK => {
            let ours = change.after.as_deref().unwrap_or_default();
            Some(super::lock::finding(&text, ours, at(0)).help(drop))
        }
        Some(Conflict::Edited { line }) => {
            let keep =
                "to keep it: move it to the catalogue, an override (catalogue/overrides/), or catalogue/extra.nix";
            let mut finding = Diagnostic::new(Code::EditedByHand, at(line), format!("{path} was edited by hand"))
                .label("the first line that pgflakegen did not write so")
                .help(keep)
                .help(drop);
            if comparison.unremembered {
                let why = "neither git nor a record of an earlier run is here to tell an edit by; if there is none: \
                           `pgflakegen generate --force`";
                finding = finding.help(why);
            }
            Some(finding)
        }
        Some(Conflict::Foreign) => Some(
            Diagnostic::new(Code::ForeignFile, at(0), format!("{path} is not pgflakegen's"))
                .help("move it away, or type `pgflakegen generate --force` to replace it"),
        ),
        // Another version wrote another text: that is no edit.
        None if change.committed_edit && comparison.other_version.is_none() => Some(
            Diagnostic::new(Code::CommittedEdit, at(0), format!("{path} has an edit that is committed"))
                .help(format!("it is generated anew; `git diff HEAD -- {path}` shows the edit afterwards"))
                .help("to keep it: move it to the catalogue, an override (catalogue/overrides/), or catalogue/extra.nix"),
        ),
        None => None,
    }
}
