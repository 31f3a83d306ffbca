//! `pgflakegen bump inputs`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::bump::Args;
use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, evaluate};
use crate::catalogue::lock::Pin;
use crate::catalogue::moved::Meaning;
use crate::diag::foreign::line;
use crate::diag::{Diagnostics, SourceMap, plural};
use crate::ops::inputs::{Rebuilt, Report, Request, To, inputs};

/// Runs it; `names` are of inputs, none for all.
pub(super) fn run(args: &Args, names: &[String], context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    anyhow::ensure!(!args.replace && !args.prerelease, "--replace and --prerelease are of no use to inputs");
    anyhow::ensure!(!args.from_lock || args.to.is_none(), "--from-lock says what to move to; so does --to");
    context.reports = args.json;
    let root = super::root(context.root.as_deref())?;
    let source_cache = std::env::var_os("PGFLAKEGEN_SOURCE_CACHE").map(PathBuf::from);
    let of = Inputs { source_cache, ..Inputs::default() };
    let request = Request {
        root: &root,
        names,
        to: match (&args.to, args.from_lock) {
            (_, true) => To::Lock { offline: args.fetching.offline },
            (Some(to), false) => To::Revision(to),
            (None, false) => To::Branch,
        },
        dry_run: args.dry_run,
        commit: args.commit,
        jobs: args.jobs,
        rebuilt: !args.no_evaluate,
        evaluation: evaluate::evaluation(Vec::new(), &of, &Limits::default()),
    };
    let report = inputs(&request, &args.fetching.upstream()?, &Host::new(context))?;
    if args.json {
        super::report::write(&Diagnostics::new(), &SourceMap::new(), as_json(&report), context)?;
    }
    if report.moved.is_empty() {
        context.say("everything is up to date")?;
    } else if !args.json {
        print(&report, context)?;
    }
    Ok(Outcome::Clean)
}

fn as_json(report: &Report) -> Value {
    let pin =
        |pin: &Pin| json!({ "rev": pin.rev, "nar-hash": pin.nar_hash, "last-modified": pin.last_modified });
    let moved = report.moved.iter().map(|moved| {
        let mut value = json!({
            "name": format!("inputs {}", moved.name),
            "from": moved.from.as_ref().map(pin),
            "to": pin(&moved.to),
            "compare": moved.compare(),
        });
        if moved.name == "nixpkgs" {
            value["means"] = json!(report.means);
        }
        value
    });
    let moved: Vec<Value> = moved.collect();
    let rebuilt = match &report.rebuilt {
        Rebuilt::Counted { all, rebuilt, broken, mended } => {
            json!({ "packages": all, "rebuilt": rebuilt, "broken": broken, "mended": mended })
        }
        Rebuilt::Unknown(why) => json!({ "unknown": why }),
        Rebuilt::Unasked => Value::Null,
    };
    json!({ "inputs": moved, "derivations": rebuilt })
}

fn print(report: &Report, context: &mut Context<'_>) -> anyhow::Result<()> {
    for moved in &report.moved {
        writeln!(context.out, "{}", moved.line())?;
        if let Some(link) = moved.compare() {
            writeln!(context.out, "  {link}")?;
        }
        if moved.name != "nixpkgs" {
            continue;
        }
        for text in report.means.as_ref().map(Meaning::lines).unwrap_or_default() {
            writeln!(context.out, "  {}", line(&text))?;
        }
        if report.means.is_none() {
            context.say("what this nixpkgs has is not known: `pgflakegen index` makes the table of it")?;
        } else if !report.known {
            context.say("what the nixpkgs before had is not known, so not what changes either")?;
        }
    }
    for name in &report.failed {
        context.say(format_args!("{} does not evaluate, so that it is not in the table", line(name)))?;
    }
    match &report.rebuilt {
        Rebuilt::Unasked => {}
        Rebuilt::Unknown(why) => {
            context.say(format_args!("what would be rebuilt is not known: {}", line(why)))?;
        }
        Rebuilt::Counted { all, rebuilt, broken, mended } => {
            writeln!(context.out, "{rebuilt} of {} would be rebuilt", plural(*all, "package"))?;
            for (names, what) in [(broken, "evaluates no longer"), (mended, "evaluates again")] {
                for name in names {
                    writeln!(context.out, "  {} {what}", line(name))?;
                }
            }
        }
    }
    Ok(())
}
