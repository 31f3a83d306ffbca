//! `pgflakegen generate`.

use anyhow::Context as _;

use super::{Loaded, plural};
use crate::catalogue::lock;
use crate::catalogue::model::Catalogue;
use crate::cmd::{Context, Outcome};
use crate::diag::{Code, Diagnostic, Diagnostics, Format, Severity, SourceMap, Span};
use crate::render;
use crate::report;
use crate::rule::{Finder, finder};
use crate::terminal;
use crate::tree::{self, Change, Comparison, Conflict};

/// What is found here.
pub(crate) const FINDER: Finder = finder!(CommittedEdit, EditedByHand, ForeignFile);

/// Options of `generate`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Show all findings on a terminal, where those of a kind beyond 50 are only counted otherwise.
    #[arg(long)]
    pub all: bool,

    /// Only say what would change.
    #[arg(long, short = 'n')]
    pub dry_run: bool,

    /// Replace files too that were edited by hand or are not pgflakegen's.
    #[arg(long)]
    pub force: bool,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.fold &= !args.all;
    let root = super::root(context.root.as_deref())?;
    let guard = if args.dry_run { super::locked(&root, context) } else { super::recovered(&root, context) }?;
    let generating = terminal::progress("generating", 0);
    let mut loaded = super::load_with_overrides(&root)?;
    let Some(catalogue) = loaded.catalogue.take() else {
        loaded.emit(Format::Text, context)?;
        context.say("nothing was written")?;
        return Ok(Outcome::Findings);
    };
    let comparison = compare(&root, &catalogue)?;
    drop(generating);
    report_conflicts(&comparison, args.force, &mut loaded);
    loaded.emit(Format::Text, context)?;
    if loaded.diagnostics.has_errors() {
        context.say("nothing was written")?;
        return Ok(Outcome::Findings);
    }
    if let Some(line) = other_version(&comparison) {
        context.say(line)?;
    }
    if context.verbose || args.dry_run {
        for change in &comparison.changes {
            writeln!(context.out, "{} {}", verb(change), change.path)?;
        }
    }
    if !args.dry_run && !comparison.changes.is_empty() {
        let _writing = terminal::progress("writing", 0);
        tree::write(&guard, &comparison).context("the new tree cannot be written")?;
    }
    summary(args, &comparison, &catalogue, context)?;
    Ok(Outcome::Clean)
}

/// Renders the catalogue and compares it with the disk.
pub(crate) fn compare(root: &camino::Utf8Path, catalogue: &Catalogue) -> anyhow::Result<Comparison> {
    tree::compare(root, &render::render(catalogue)).context("the generated tree cannot be read")
}

fn verb(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "remove",
        _ => "update",
    }
}

/// Findings for files that must not simply be replaced, and for those whose edits only git has afterwards.
pub(super) fn report_conflicts(comparison: &Comparison, force: bool, loaded: &mut Loaded) {
    let mut found = Diagnostics::new();
    for change in &comparison.changes {
        if let Some(finding) = conflict(change, comparison, &mut loaded.sources)
            && !(force && finding.severity() == Severity::Error)
        {
            found.push(finding);
        }
    }
    loaded.diagnostics.append(found);
}

/// What stands in the way of a change, or is to be known of it.
pub(super) fn conflict(
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
        Some(Conflict::Edited { .. }) if path == lock::FILE => {
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

/// What to say before differences are counted, where another version has generated what is there.
pub(super) fn other_version(comparison: &Comparison) -> Option<String> {
    let other = comparison.other_version.as_ref()?;
    let own = env!("CARGO_PKG_VERSION");
    Some(format!(
        "generated/ was made by pgflakegen {other}, this is {own}: what they give can differ without any change to \
         the catalogue"
    ))
}

pub(super) fn summary(
    args: &Args,
    comparison: &Comparison,
    catalogue: &Catalogue,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let (created, updated, removed) = comparison.counts();
    let size = report::size(catalogue);
    context.say(format_args!(
        "{}{created} created, {updated} updated, {removed} removed, {} unchanged",
        if args.dry_run { "would be: " } else { "" },
        comparison.unchanged
    ))?;
    context.say(format_args!(
        "{} × {}: {}",
        plural(size.postgresqls, "PostgreSQL"),
        plural(size.extensions, "extension"),
        plural(size.builds, "build"),
    ))?;
    Ok(())
}
