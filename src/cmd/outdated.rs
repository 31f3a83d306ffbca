//! `pgflakegen outdated`.

use comfy_table::{Table, presets};
use rayon::prelude::*;
use serde_json::Value;

use super::bump::{LOOKUPS, Target, as_json, describe, everything, look, targets};
use super::fetching::{self, Options};
use super::{Context, Outcome};
use crate::catalogue::model::Input;
use crate::diag::Diagnostics;
use crate::terminal;
use crate::threads::Pool;
use crate::upstream;
use crate::upstream::bump::{BumpError, Bumped};
use crate::upstream::inputs::InputError;

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
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let mut found = Diagnostics::new();
    let (inputs, names): (Vec<String>, Vec<String>) =
        args.names.iter().cloned().partition(|name| name == "inputs");
    let targets =
        if args.names.is_empty() { everything(&catalogue) } else { targets(&names, &catalogue, &mut found) };
    let inputs: &[Input] =
        if args.names.is_empty() || !inputs.is_empty() { &catalogue.flake.inputs } else { &[] };
    let upstream = args.fetching.upstream()?;
    let asking = terminal::progress("asking upstream", targets.len() + inputs.len());
    let results: Vec<(String, Result<Vec<Bumped>, BumpError>)> = Pool::of(args.jobs).install(|| {
        let one = |target: &Target<'_>| {
            let _asked = asking.begin(|| target.name());
            let news = look(target, &catalogue, &upstream, args.prerelease);
            (target.name(), news.map(|news| describe(target, &news)))
        };
        targets.par_iter().map(one).collect()
    });
    let moved: Vec<Result<Option<String>, InputError>> = Pool::of(args.jobs).install(|| {
        let one = |input: &Input| {
            let _asked = asking.begin(|| format!("inputs {}", input.name));
            upstream::inputs::revision(&upstream, &input.place, None)
        };
        inputs.par_iter().map(one).collect()
    });
    drop(asking);
    let mut outdated = Vec::new();
    for (name, result) in results {
        match result {
            Ok(bumped) => outdated.extend(bumped),
            Err(error) => found.push(fetching::bump_finding(&name, &error)),
        }
    }
    for (input, revision) in inputs.iter().zip(moved) {
        match revision {
            // What has no commits is only known when it is fetched.
            Ok(None) => {}
            Ok(revision) if revision == input.rev => {}
            Ok(Some(revision)) => outdated.push(Bumped {
                name: format!("inputs {}", input.name),
                from: input.pin().short().to_owned(),
                to: revision.get(..12).unwrap_or(&revision).to_owned(),
                postgresqls: Vec::new(),
                hash: None,
                changelog: None,
                compare: None,
                dropped: Vec::new(),
                remarks: Vec::new(),
            }),
            Err(error) => found.push(super::bump_inputs::finding(input, &error)),
        }
    }
    fetching::emit(&found, context)?;
    if args.json {
        context.json(&Value::Array(outdated.iter().map(as_json).collect()))?;
    } else if !outdated.is_empty() {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["name", "has", "newest", "for"]);
        for bumped in &outdated {
            table.add_row([&bumped.name, &bumped.from, &bumped.to, &bumped.postgresqls.join(" ")]);
        }
        writeln!(context.out, "{}", table.trim_fmt())?;
    } else if !found.has_errors() {
        context.say("everything is up to date")?;
    }
    Ok(if outdated.is_empty() && !found.has_errors() { Outcome::Clean } else { Outcome::Findings })
}
