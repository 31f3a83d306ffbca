//! `pgflakegen diff`: how two catalogues differ.

use std::path::PathBuf;

use serde_json::json;

use super::evaluate::evaluation;
use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, report};
use crate::accounts::changes::{self, Document};
use crate::diag::{Diagnostics, SourceMap, foreign};
use crate::ops::diff::{Request, Sizing, diff};
use crate::ops::revision::{Side, latest_tag};

/// Options of `diff`.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("evaluated").args(["drvs", "sizes"]).multiple(true))]
pub struct Args {
    /// The side before: a revision, or a folder if it begins with . or /.
    #[arg(value_name = "OLD", default_value = "HEAD")]
    pub old: String,

    /// The side now [default: the files as they are].
    #[arg(value_name = "NEW")]
    pub new: Option<String>,

    /// What changed since a tag, for the notes of a release; without TAG, since the latest one.
    #[arg(long, value_name = "TAG", num_args = 0..=1, require_equals = false, conflicts_with_all = ["old", "new"])]
    pub since: Option<Option<String>>,

    /// Choose what is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// End with 1 if something differs.
    #[arg(long)]
    pub exit_code: bool,

    /// Evaluate both sides, and say what is rebuilt and why.
    #[arg(long)]
    pub drvs: bool,

    /// Evaluate both sides, and say how large each psql_NAME/bin and psql_NAME/slim was and is, where that is known.
    #[arg(long)]
    pub sizes: bool,

    /// With --sizes, ask this cache about what is not built here; may be repeated.
    #[arg(long = "cache", value_name = "URL", requires = "sizes")]
    pub caches: Vec<String>,

    /// With --sizes, where store paths are.
    #[arg(long, value_name = "DIR", default_value = "/nix/store", requires = "sizes")]
    pub store: PathBuf,

    /// With --drvs or --sizes, evaluate for these systems [default: all that the flake has].
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',', requires = "evaluated")]
    pub systems: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Lines for a terminal.
    Text,
    /// A comment for a pull request.
    Markdown,
    /// A report for programs.
    Json,
    /// A page.
    Html,
}

/// Runs it.
///
/// # Errors
/// When a side cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.format == Format::Json;
    let root = super::root(context.root.as_deref())?;
    let before = match &args.since {
        Some(Some(tag)) => Side::Revision(tag.clone()),
        Some(None) => Side::Revision(latest_tag(&root)?),
        None => Side::parse(&args.old),
    };
    let after = args.new.as_deref().map(Side::parse);
    let request = Request {
        root: &root,
        before: &before,
        after: after.as_ref(),
        evaluation: evaluation(args.systems.clone(), &args.inputs, &args.limits),
        builds: args.drvs,
        sizes: args.sizes.then_some(Sizing { store: &args.store, caches: &args.caches }),
    };
    let found = diff(&request, &Host::new(context))?;
    for warning in &found.warnings {
        context.say(format_args!("{}", foreign::line(warning)))?;
    }
    let (rebuilt, sizes) = (found.rebuilt.as_ref(), found.sizes.as_ref());
    let (from, to) = (before.name(), after.as_ref().map(Side::name));
    let document = Document { from, to, changes: &found.changes, rebuilt, sizes };
    let differs = !found.changes.is_empty() || rebuilt.is_some_and(|rebuilt| !rebuilt.counts.is_empty());
    match args.format {
        Format::Text if !differs && rebuilt.is_none() && sizes.is_none() => context.say("nothing differs")?,
        Format::Text => context.out.write_all(changes::text(&document).as_bytes())?,
        Format::Markdown => context.out.write_all(changes::markdown(&document).as_bytes())?,
        Format::Html => context.out.write_all(changes::html(&document).as_bytes())?,
        Format::Json => {
            let data = json!({
                "from": from,
                "to": to,
                "changes": found.changes,
                "builds": rebuilt,
                "sizes": sizes,
            });
            report::write(&Diagnostics::new(), &SourceMap::new(), data, context)?;
        }
    }
    Ok(if differs && args.exit_code { Outcome::Findings } else { Outcome::Clean })
}
