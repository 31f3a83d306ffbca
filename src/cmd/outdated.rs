//! `pgflakegen outdated`.

use comfy_table::{Table, presets};
use serde_json::Value;

use super::bump::as_json;
use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome, emit_global};
use crate::ops::outdated::{LOOKUPS, Outdated, Request, outdated};

/// Options of `outdated`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only these extensions; `postgresql` for the PostgreSQLs, `inputs` for the flake's inputs.
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// Count alphas, betas and release candidates, too.
    #[arg(long)]
    pub prerelease: bool,

    /// Ask for N extensions at a time.
    #[arg(long, short, value_name = "N", default_value_t = LOOKUPS)]
    pub jobs: usize,

    /// Print the list as JSON.
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
    let root = super::root(context.root.as_deref())?;
    let request = Request { root: &root, names: &args.names, prereleases: args.prerelease, jobs: args.jobs };
    let Outdated { news, failed } = outdated(&request, &args.fetching.upstream()?, &Host::new(context))?;
    emit_global(&failed, context)?;
    if args.json {
        context.json(&Value::Array(news.iter().map(as_json).collect()))?;
    } else if !news.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["name", "has", "newest", "for"]);
        for bumped in &news {
            table.add_row([&bumped.name, &bumped.from, &bumped.to, &bumped.postgresqls.join(" ")]);
        }
        writeln!(context.out, "{}", table.trim_fmt())?;
    } else if !failed.has_errors() {
        context.say("everything is up to date")?;
    }
    Ok(if news.is_empty() && !failed.has_errors() { Outcome::Clean } else { Outcome::Findings })
}
