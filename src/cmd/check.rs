//! `pgflakegen check`: `generate` whose last step compares in place of writing.

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use super::evaluate;
use super::host::Host;
use super::{emit, generate, report};
use crate::cmd::{Context, Outcome};
use crate::diag::{Format, foreign, plural};
use crate::difference;
use crate::ops::check::{Checked, Compared, Everything, Request, check};
use crate::ops::{self, Change, Loaded};
use crate::overrides::evaluated::packages;

/// Options of `check`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Show all findings on a terminal, where those of a kind beyond 50 are only counted otherwise.
    #[arg(long)]
    pub all: bool,

    /// Apply the corrections that need no decision first: what findings can correct themselves, the layout of
    /// hand-written Nix, PostgreSQLs that nixpkgs has in the same version, lost marks; and generate.
    #[arg(long, conflicts_with = "evaluate")]
    pub fix: bool,

    /// Choose how differences and findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// End with 1 for warnings, too.
    #[arg(long)]
    pub error_on_warning: bool,

    /// Go by the policy of REV as well: on a pull request its base, which the request cannot change.
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,

    /// Do not evaluate the overrides, which is done where the flake's inputs are on this machine.
    #[arg(long)]
    pub no_evaluate: bool,

    /// Evaluate every package, check, shell and app of every system too, as `nix flake check` does: 1 when some fail,
    /// 2 when none could be evaluated.
    #[arg(long, conflicts_with = "no_evaluate")]
    pub evaluate: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub evaluation: evaluate::Options,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.fold &= !args.all;
    context.reports = args.format == Format::Json;
    let root = super::root(context.root.as_deref())?;
    if args.fix {
        for file in ops::fix::fix(&root, &Host::new(context))? {
            context.say(format_args!("corrected {}", foreign::line(file.as_str())))?;
        }
    }
    let request = Request {
        root: &root,
        evaluate: !args.no_evaluate,
        everything: args.evaluate,
        against: args.against.as_deref(),
        evaluation: args.evaluation.evaluation(),
    };
    let mut checked = check(&request, &Host::new(context))?;
    match args.format {
        Format::Text => checked.add_conflicts(),
        _ => checked.add_differences(),
    }
    let warned = args.error_on_warning && checked.loaded.diagnostics.counts().1 > 0;
    let clean = checked.is_clean();
    let Checked { loaded, compared } = &checked;
    let Some(compared) = compared else {
        match args.format {
            Format::Json => report::write(&loaded.diagnostics, &loaded.sources, Value::Null, context)?,
            format => emit(loaded, format, context)?,
        }
        return Ok(Outcome::Findings);
    };
    let Compared { comparison, unseen, everything, .. } = compared;
    match args.format {
        Format::Json => write_json(loaded, compared, context)?,
        format => emit(loaded, format, context)?,
    }
    if args.format == Format::Text {
        for change in &comparison.changes {
            write_diff(change, context)?;
        }
    }
    if let Some(why) = &unseen.why {
        context.say(why)?;
    }
    generate::say_untracked(&root, context)?;
    if let Some(everything) = everything
        && nothing(everything, context)?
    {
        return Ok(Outcome::NotEvaluated);
    }
    if clean {
        let files = plural(comparison.unchanged, "file");
        context.say(match unseen.overrides {
            0 => format!("up to date: {files}"),
            count => format!("up to date: {files}; {} not evaluated", plural(count, "override")),
        })?;
        return Ok(if warned { Outcome::Findings } else { Outcome::Clean });
    }
    if let Some(line) = generate::other_version(comparison) {
        context.say(line)?;
    }
    let conflicts = comparison.changes.iter().filter(|change| change.conflict.is_some()).count();
    let out_of_date = comparison.changes.len() - conflicts;
    if out_of_date > 0 {
        let files = plural(out_of_date, "file");
        context.say(format_args!("{files} out of date; type `pgflakegen` and commit what it writes"))?;
    }
    if conflicts > 0 {
        let files = plural(conflicts, "file");
        context.say(format_args!("{files} that pgflakegen does not overwrite: what to do is said above"))?;
    }
    Ok(Outcome::Findings)
}

/// Says what was evaluated; whether that is nothing at all.
fn nothing(everything: &Everything, context: &mut Context<'_>) -> anyhow::Result<bool> {
    match everything {
        Ok(packages) => {
            let failed = packages.iter().filter(|package| package.result.is_err()).count();
            let all = plural(packages.len(), "attribute");
            context.say(match failed {
                0 => format!("evaluated: {all}"),
                _ => format!("evaluated: {failed} of {all} fail"),
            })?;
            Ok(failed == packages.len())
        }
        Err(why) => {
            context.say(format_args!("nothing could be evaluated: {why}"))?;
            Ok(true)
        }
    }
}

/// A unified diff, as `git apply` takes it.
fn unified(change: &Change) -> String {
    let name = |prefix: &str, there: bool| {
        if there { format!("{prefix}/{}", foreign::line(change.path.as_str())) } else { "/dev/null".into() }
    };
    let (before, after) =
        (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    let (from, to) = (name("a", change.before.is_some()), name("b", change.after.is_some()));
    difference::unified(before, after, (&from, &to))
}

fn write_diff(change: &Change, context: &mut Context<'_>) -> anyhow::Result<()> {
    let diff = unified(change);
    let diff = foreign::block(&diff);
    if !context.colour_out {
        context.out.write_all(diff.as_bytes())?;
        return Ok(());
    }
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            _ if line.starts_with("---") || line.starts_with("+++") => Style::new().bold(),
            Some(b'-') => AnsiColor::Red.on_default(),
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
        context.out.styled(&format!("{style}{text}{style:#}{end}"))?;
    }
    Ok(())
}

fn write_json(loaded: &Loaded, compared: &Compared, context: &mut Context<'_>) -> anyhow::Result<()> {
    let Compared { comparison, pages, unseen, everything } = compared;
    let changes = &comparison.changes;
    let files = changes.iter().map(|change| {
        serde_json::json!({
            "path": change.path,
            "status": match (&change.before, &change.after) {
                (None, _) => "missing",
                (_, None) => "stale",
                _ => "different",
            },
            "diff": unified(change),
        })
    });
    let mut value = serde_json::json!({
        "up-to-date": changes.is_empty() && pages.is_empty(),
        "not-evaluated": unseen.overrides,
        "files": files.collect::<Vec<_>>(),
    });
    value["evaluated"] = match everything {
        None => serde_json::Value::Null,
        Some(Err(why)) => serde_json::json!({ "attributes": 0, "failed": [], "why": why }),
        Some(Ok(packages)) => {
            let causes = packages::failures_by_cause(packages).into_iter().map(|cause| {
                let packages::Cause { message, place, attributes } = cause;
                serde_json::json!({ "message": message, "place": place, "attributes": attributes })
            });
            let causes: Vec<_> = causes.collect();
            serde_json::json!({ "attributes": packages.len(), "failed": causes, "why": null })
        }
    };
    report::write(&loaded.diagnostics, &loaded.sources, value, context)
}
