//! `pgflakegen drv-diff`: what a change rebuilds, per package, and the first causes.

use camino::Utf8Path;
use serde_json::json;

use super::host::Host;
use super::inputs::Inputs;
use super::program::{EvalOptions, sides};
use super::{Context, Outcome, report};
use crate::diag::{Diagnostics, SourceMap};
use crate::ops::drv_diff::{Change, Diff, Request, drv_diff, packages_by_cause};

/// Say which packages of the flake a change rebuilds, and why.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The revision before the change
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub before: String,
    /// The revision after it [default: the files as they are]
    #[arg(value_name = "REV")]
    pub after: Option<String>,
    /// Print a report as JSON
    #[arg(long)]
    pub json: bool,
    /// Systems of the flake to look at [default: all it has]
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: EvalOptions,
}

/// Causes shown per package.
const SHOWN: usize = 8;

/// Each cause once, with how many packages it rebuilds.
fn summarise(changes: &[Change], context: &mut Context<'_>) -> anyhow::Result<()> {
    let mut causes = packages_by_cause(changes);
    causes.retain(|(_, count)| *count > 1);
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(context.out)?;
    for (cause, count) in causes.iter().take(SHOWN) {
        writeln!(context.out, "{count} packages: {cause}")?;
    }
    if causes.len() > SHOWN {
        writeln!(context.out, "and as many or fewer: {} more causes", causes.len() - SHOWN)?;
    }
    Ok(())
}

/// Runs the command.
///
/// # Errors
/// When a revision cannot be evaluated at all, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    let given = context.root.clone();
    let request = Request {
        start: given.as_deref().unwrap_or(Utf8Path::new(".")),
        before: &args.before,
        after: args.after.as_deref(),
        how: sides(&args.systems, &args.inputs, &args.options),
    };
    let diff = drv_diff(&request, &Host::new(context))?;
    if args.json {
        let data = json!({ "packages": diff.packages, "unknown": unknown(&diff), "changes": diff.changes });
        report::write(&Diagnostics::new(), &SourceMap::new(), data, context)?;
    } else {
        show(&diff.changes, context)?;
        summarise(&diff.changes, context)?;
    }
    context.say(counted(&diff))?;
    let unknown = unknown(&diff);
    Ok(match diff.changes.is_empty() {
        true => Outcome::Clean,
        false if unknown == diff.packages && unknown == diff.changes.len() => Outcome::NotEvaluated,
        false => Outcome::Findings,
    })
}

/// Each package that changes, with the first causes.
fn show(changes: &[Change], context: &mut Context<'_>) -> anyhow::Result<()> {
    for change in changes {
        writeln!(context.out, "{} {}", change.change, change.attr)?;
        for cause in change.reasons.iter().take(SHOWN) {
            let way: String = cause.by.iter().map(|name| format!("{name} > ")).collect();
            writeln!(context.out, "  {way}{}", cause.what)?;
        }
        if change.reasons.len() > SHOWN {
            writeln!(context.out, "  and {} more; see all with --json", change.reasons.len() - SHOWN)?;
        }
    }
    Ok(())
}

/// How many could be evaluated neither before nor after.
fn unknown(diff: &Diff) -> usize {
    diff.changes.iter().filter(|change| change.change == "unknown").count()
}

/// What could not be evaluated is not said to stay as it is.
fn counted(diff: &Diff) -> String {
    let Diff { changes, packages } = diff;
    let unknown = unknown(diff);
    let text = format!("{} of {packages} packages change", changes.len() - unknown);
    if unknown == 0 { text } else { format!("{text}; {unknown} could not be evaluated, before or after") }
}
