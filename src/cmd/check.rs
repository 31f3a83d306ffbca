//! `pgflakegen check`: `generate` whose last step compares in place of writing.

use anstyle::{AnsiColor, Style};
use camino::Utf8Path;
use similar::TextDiff;

use super::evaluate::{self, Evaluated};
use super::plural;
use crate::catalogue::model::Catalogue;
use crate::cmd::{Context, Outcome};
use crate::diag::{self, Code, Diagnostic, Format, Span, foreign};
use crate::overrides::evaluated::packages::{self, Package};
use crate::overrides::evaluated::{builds, table};
use crate::rule::{Finder, finder};
use crate::terminal;
use crate::tree::Change;

/// What is found here.
pub(crate) const FINDER: Finder = finder!(OutOfDate);

/// Options of `check`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Show all findings on a terminal, where those of a kind beyond 50 are only counted otherwise.
    #[arg(long)]
    pub all: bool,

    /// Choose how differences and findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

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
    let root = super::root(context.root.as_deref())?;
    let _guard = super::locked(&root, context)?;
    let checking = terminal::progress("checking", 0);
    let mut loaded = super::load_with_overrides(&root)?;
    let Some(catalogue) = loaded.catalogue.take() else {
        loaded.emit(args.format, context)?;
        return Ok(Outcome::Findings);
    };
    let unseen = evaluate(args, &root, &catalogue, &mut loaded)?;
    let everything = match args.evaluate {
        true => Some(evaluate::everything(&root, &catalogue, &args.evaluation)?),
        false => None,
    };
    if let Some(Ok(packages)) = &everything {
        evaluate::failures(packages, &mut loaded.diagnostics);
    }
    let comparison = super::generate::compare(&root, &catalogue)?;
    drop(checking);
    let conflicts = comparison.changes.iter().filter(|change| change.conflict.is_some()).count();
    if args.format == Format::Text {
        super::generate::report_conflicts(&comparison, false, &mut loaded);
        loaded.emit(args.format, context)?;
        for change in &comparison.changes {
            write_diff(change, context)?;
        }
    } else {
        for change in &comparison.changes {
            let conflict = super::generate::conflict(change, &comparison, &mut loaded.sources);
            let line = first_difference(change);
            let text = change.before.clone().unwrap_or_default();
            let source = loaded.sources.add(change.path.clone(), text);
            let span = Span::new(source, line);
            loaded.diagnostics.push(conflict.filter(|_| change.conflict.is_some()).unwrap_or_else(|| {
                Diagnostic::new(Code::OutOfDate, span, message(change))
                    .help("type `pgflakegen` and commit what it writes")
            }));
        }
        if args.format == Format::Json {
            write_json(&loaded, &comparison.changes, &unseen, everything.as_ref(), context)?;
        } else {
            loaded.emit(args.format, context)?;
        }
    }
    if let Some(why) = &unseen.why {
        context.say(why)?;
    }
    if let Some(everything) = &everything
        && nothing(everything, context)?
    {
        return Ok(Outcome::NotEvaluated);
    }
    if comparison.changes.is_empty() && !loaded.diagnostics.has_errors() {
        let files = plural(comparison.unchanged, "file");
        context.say(match unseen.overrides {
            0 => format!("up to date: {files}"),
            count => format!("up to date: {files}; {} not evaluated", plural(count, "override")),
        })?;
        return Ok(Outcome::Clean);
    }
    if let Some(line) = super::generate::other_version(&comparison) {
        context.say(line)?;
    }
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

/// What the flake offers, or why nothing of it is known.
type Everything = Result<Vec<Package>, String>;

/// What was not looked at, since an input of the flake is not on this machine or nobody wanted it.
#[derive(Default)]
struct Unseen {
    /// Derivations with an override.
    overrides: usize,
    /// Why, and what is missing.
    why: Option<String>,
}

/// Evaluates the overrides and what comes from nixpkgs, if nixpkgs is at hand; what it has is looked up in the
/// catalogue's table otherwise.
fn evaluate(
    args: &Args,
    root: &Utf8Path,
    catalogue: &Catalogue,
    loaded: &mut super::Loaded,
) -> anyhow::Result<Unseen> {
    let mut options = args.evaluation.clone();
    if options.systems.is_empty() {
        options.systems.push(evaluate::own_system(catalogue));
    }
    let (sources, sink) = (&mut loaded.sources, &mut loaded.diagnostics);
    let shown = |file: &Utf8Path| file.to_owned();
    table::standing(root, catalogue, &shown, sources, sink);
    let mut unseen = Unseen::default();
    let judged = match args.no_evaluate {
        true => None,
        false => Some(evaluate::judge(root, catalogue, &options, &|_| true, &shown, sources, sink)?),
    };
    match judged {
        Some(Evaluated::Builds(_) | Evaluated::Nothing) => {
            match evaluate::judge_members(root, catalogue, &options, sources, sink)? {
                Evaluated::Missing(why) => unseen.why = Some(format!("nixpkgs was not asked: {why}")),
                Evaluated::Builds(_) | Evaluated::Nothing => return Ok(unseen),
            }
        }
        Some(Evaluated::Missing(why)) => {
            unseen.overrides = builds(catalogue).len();
            unseen.why = Some(format!("the overrides were not evaluated: {why}"));
        }
        None => unseen.overrides = builds(catalogue).len(),
    }
    let systems = evaluate::systems(catalogue, &options)?;
    table::judge(root, catalogue, &systems, &shown, sources, sink);
    Ok(unseen)
}

fn message(change: &Change) -> String {
    match (&change.before, &change.after) {
        (None, _) => format!("{} is missing", change.path),
        (_, None) => format!("{} belongs to nothing in the catalogue any more", change.path),
        _ => format!("{} is not what the catalogue gives", change.path),
    }
}

/// The first line of the old text that differs; the mark, which always does, does not count.
fn first_difference(change: &Change) -> std::ops::Range<usize> {
    let (before, after) =
        (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    let mut start = 0;
    for (old, new) in before.split_inclusive('\n').zip(after.split_inclusive('\n')) {
        if old != new {
            return start..start + old.trim_end().len();
        }
        start += old.len();
    }
    start..start
}

/// A unified diff, as `git apply` takes it.
fn unified(change: &Change) -> String {
    let name = |prefix: &str, there: bool| {
        if there { format!("{prefix}/{}", foreign::line(change.path.as_str())) } else { "/dev/null".into() }
    };
    let (before, after) =
        (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(&name("a", change.before.is_some()), &name("b", change.after.is_some()))
        .to_string()
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

fn write_json(
    loaded: &super::Loaded,
    changes: &[Change],
    unseen: &Unseen,
    everything: Option<&Everything>,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let mut findings = Vec::new();
    diag::emit(&loaded.diagnostics, &loaded.sources, Format::Json, false, &mut findings)?;
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
        "up-to-date": changes.is_empty(),
        "not-evaluated": unseen.overrides,
        "files": files.collect::<Vec<_>>(),
        "findings": serde_json::from_slice::<serde_json::Value>(&findings)?,
    });
    value["evaluated"] = match everything {
        None => serde_json::Value::Null,
        Some(Err(why)) => serde_json::json!({ "attributes": 0, "failed": [], "why": why }),
        Some(Ok(packages)) => {
            let causes = packages::causes(packages).into_iter().map(|cause| {
                let packages::Cause { message, place, attributes } = cause;
                serde_json::json!({ "message": message, "place": place, "attributes": attributes })
            });
            let causes: Vec<_> = causes.collect();
            serde_json::json!({ "attributes": packages.len(), "failed": causes, "why": null })
        }
    };
    context.json(&value)?;
    Ok(())
}
