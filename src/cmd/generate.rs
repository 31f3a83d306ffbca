//! `pgflakegen generate`.

use super::{emit, host::Host};
use crate::cmd::{Context, Outcome};
use crate::diag::{Format, plural};
use crate::ops::generate::{Request, Tree, plan};
use crate::ops::{Change, Comparison};

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
    let host = Host::new(context);
    let plan = plan(&Request { root: &root, dry_run: args.dry_run, force: args.force }, &host)?;
    emit(&plan.loaded, Format::Text, context)?;
    let Some(tree) = plan.writable() else {
        context.say("nothing was written")?;
        return Ok(Outcome::Findings);
    };
    let comparison = &tree.comparison;
    if let Some(line) = other_version(comparison) {
        context.say(line)?;
    }
    if context.verbose || args.dry_run {
        for change in &comparison.changes {
            writeln!(context.out, "{} {}", verb(change), change.path)?;
        }
    }
    if !args.dry_run {
        plan.write(&host)?;
    }
    summary(args, tree, context)?;
    Ok(Outcome::Clean)
}

fn verb(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "remove",
        _ => "update",
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

fn summary(args: &Args, tree: &Tree, context: &mut Context<'_>) -> anyhow::Result<()> {
    let Tree { comparison, .. } = tree;
    let (created, updated, removed) = comparison.counts();
    let size = tree.size();
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
