//! `pgflakegen verify`.

use camino::Utf8PathBuf;
use serde_json::json;

use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome, report};
use crate::diag::{self, Format, plural};
use crate::ops::verify::{Request, Verified, verify};

/// Options of `verify`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these: an extension, postgresql or cargo-pgrx; or `inputs`, which are large and else left out.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Look in DIR first: a Nix store, or a folder of downloaded files (pgvector-0.8.0.tar.gz).
    #[arg(long, value_name = "DIR")]
    pub cache: Option<Utf8PathBuf>,

    /// Fetch N sources at a time.
    #[arg(long, short, value_name = "N", default_value_t = 8)]
    pub jobs: usize,

    /// Print a report as JSON.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    let root = super::root(context.root.as_deref())?;
    let request = Request { root: &root, names: &args.names, cache: args.cache.as_deref(), jobs: args.jobs };
    let Verified { sources, diagnostics, good, differ, unknown } =
        verify(&request, &args.fetching.upstream()?, &Host::new(context))?;
    match args.json {
        true => {
            let data = json!({ "good": good, "differ": differ, "unknown": unknown });
            report::write(&diagnostics, &sources, data, context)?;
        }
        false => diag::emit(&diagnostics, &sources, Format::Text, context.colour_err, context.err)?,
    }
    context.say(format_args!(
        "{} as the catalogue says, {} not, {} not to be had",
        plural(good, "source"),
        differ,
        unknown
    ))?;
    Ok(if diagnostics.has_errors() { Outcome::Findings } else { Outcome::Clean })
}
