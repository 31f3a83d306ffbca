//! `pgflakegen generate`.

use anyhow::Context as _;

use super::{Loaded, plural};
use crate::catalogue::model::Catalogue;
use crate::cmd::{Context, Outcome};
use crate::diag::{Code, Diagnostic, Diagnostics, Format, Severity, Span};
use crate::render;
use crate::report;
use crate::terminal;
use crate::tree::{self, Change, Comparison, Conflict};

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
    let guard = super::locked(&root, context)?;
    let generating = terminal::progress("generating", 0);
    let mut loaded = super::load_with_overrides(&root)?;
    let Some(catalogue) = loaded.catalogue.take() else {
        loaded.emit(Format::Text, context)?;
        context.say("nothing was written")?;
        return Ok(Outcome::Findings);
    };
    let comparison = compare(&root, &catalogue)?;
    drop(generating);
    if !args.force {
        report_conflicts(&comparison, &mut loaded);
    }
    loaded.emit(Format::Text, context)?;
    if loaded.diagnostics.has_errors() {
        context.say("nothing was written")?;
        return Ok(Outcome::Findings);
    }
    if context.verbose || args.dry_run {
        for change in &comparison.changes {
            writeln!(context.out, "{} {}", verb(change), change.path)?;
        }
    }
    if !args.dry_run && !comparison.changes.is_empty() {
        let _writing = terminal::progress("writing", 0);
        tree::write(&guard, &comparison).context("the new tree cannot be written; the old one stands")?;
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

/// Findings for files that must not simply be replaced.
pub(super) fn report_conflicts(comparison: &Comparison, loaded: &mut Loaded) {
    let mut found = Diagnostics::new();
    for change in &comparison.changes {
        let Some(conflict) = change.conflict else { continue };
        let text = change.before.clone().unwrap_or_default();
        let first_line = text.lines().next().map_or(0, str::len);
        let span = Span::new(loaded.sources.add(change.path.clone(), text), 0..first_line);
        found.push(match conflict {
            Conflict::Edited if change.path == "flake.lock" => {
                Diagnostic::new(Code::EditedByHand, span, "flake.lock was changed since pgflakegen wrote it")
                    .help("put the new revision into catalogue/flake.toml: flake.lock is made from it")
                    .help("or type `pgflakegen generate --force` to have the catalogue's revision back")
            }
            Conflict::Edited => {
                Diagnostic::new(Code::EditedByHand, span, format!("{} was edited by hand", change.path))
                    .help("move the edit to the catalogue (an override, or catalogue/extra.nix)")
                    .help("then type `pgflakegen generate --force`; `git diff` shows the edit")
            }
            Conflict::Foreign => {
                Diagnostic::new(Code::ForeignFile, span, format!("{} is not pgflakegen's", change.path))
                    .help("move it away, or type `pgflakegen generate --force` to replace it")
            }
        });
        debug_assert_eq!(Code::EditedByHand.severity(), Severity::Error);
    }
    loaded.diagnostics.append(found);
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
