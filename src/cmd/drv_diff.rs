//! `pgflakegen drv-diff`: what a change rebuilds, per package, and the first causes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::drvs::{self, Job};
use super::inputs::Inputs;
use super::program::{EvalOptions, Program};
use super::{Context, Outcome};
use crate::interrupt::TemporaryDirectory;
use crate::nix::eval::report::render;
use crate::store::causes::{Cause, Causes};

/// Say which packages of the flake a change rebuilds, and why.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The revision before the change
    #[arg(value_name = "REV", default_value = "HEAD")]
    pub before: String,
    /// The revision after it [default: the files as they are]
    #[arg(value_name = "REV")]
    pub after: Option<String>,
    /// Print JSON
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

/// What became of one package.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// The attribute path.
    pub attr: String,
    /// `added`, `removed`, `rebuilt`, `broken`, `mended`; `unknown` when it could not be evaluated, neither before
    /// nor after.
    pub change: &'static str,
    /// The derivation before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The derivation after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The first causes, and by which derivations they come to the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Cause>,
}

/// Causes shown per package.
const SHOWN: usize = 8;

/// Each cause once, with how many packages it rebuilds.
fn summarise(changes: &[Change], context: &mut Context<'_>) -> anyhow::Result<()> {
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.change == "rebuilt") {
        let all: BTreeSet<String> = change
            .reasons
            .iter()
            .map(|cause| match cause.by.last() {
                Some(name) => format!("{name}: {}", cause.what),
                None => format!("{}: {}", change.attr, cause.what),
            })
            .collect();
        for cause in all {
            *causes.entry(cause).or_default() += 1;
        }
    }
    let mut causes: Vec<_> = causes.into_iter().filter(|(_, count)| *count > 1).collect();
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
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

/// One side: its packages, and a folder with their derivations.
struct Side {
    jobs: BTreeMap<String, Job>,
    folder: TemporaryDirectory,
}

/// Runs the command.
///
/// # Errors
/// When a revision cannot be evaluated at all, or the result cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let given = context.root.clone().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let start = given.canonicalize().with_context(|| format!("{} cannot be read", given.display()))?;
    let Some(root) = crate::nix::flake::git_root(&start) else {
        anyhow::bail!("{} is in no git repository, so there are no revisions to compare", start.display());
    };
    // The flake is in this folder or around it, as far as the repository goes.
    let mut inside = start.ancestors().take_while(|dir| dir.starts_with(&root));
    let place = inside.find(|dir| dir.join("flake.nix").exists()).unwrap_or(&root);
    let below = place.strip_prefix(&root).unwrap_or(Path::new("")).to_string_lossy();
    let mut sides = Vec::new();
    for rev in [Some(args.before.as_str()), args.after.as_deref()] {
        let folder = TemporaryDirectory::new("derivations-")?;
        let flake = match rev {
            Some(rev) if below.is_empty() => crate::nix::flake::at_revision(&root, rev)?,
            Some(rev) => format!("{}&dir={below}", crate::nix::flake::at_revision(&root, rev)?),
            None => place.display().to_string(),
        };
        let wanted = drvs::Args {
            flake: Some(flake),
            systems: args.systems.clone(),
            program: Program {
                inputs: args.inputs.clone(),
                options: args.options.clone(),
                write_drvs: Some(folder.path().to_owned()),
                ..Program::default()
            },
            ..drvs::Args::default()
        };
        let (shared, jobs) = drvs::collect(&wanted);
        match jobs {
            Ok(jobs) => {
                let jobs = jobs.into_iter().map(|job| (job.attr.clone(), job)).collect();
                sides.push(Side { jobs, folder });
            }
            Err(error) => {
                let which = rev.unwrap_or("the files as they are");
                let text = render(&shared, &error, args.options.show_trace);
                anyhow::bail!("{which} does not evaluate: {text}");
            }
        }
    }
    let [before, after] = sides.as_slice() else { anyhow::bail!("two revisions are needed") };
    let (changes, packages) = compare(before, after);
    for change in &changes {
        if args.json {
            context.json_line(change)?;
            continue;
        }
        writeln!(context.out, "{} {}", change.change, change.attr)?;
        for cause in change.reasons.iter().take(SHOWN) {
            let way: String = cause.by.iter().map(|name| format!("{name} > ")).collect();
            writeln!(context.out, "  {way}{}", cause.what)?;
        }
        if change.reasons.len() > SHOWN {
            writeln!(context.out, "  and {} more; see all with --json", change.reasons.len() - SHOWN)?;
        }
    }
    if !args.json {
        summarise(&changes, context)?;
    }
    context.say(counted(&changes, packages))?;
    Ok(if changes.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

/// What could not be evaluated is not said to stay as it is.
fn counted(changes: &[Change], packages: usize) -> String {
    let unknown = changes.iter().filter(|change| change.change == "unknown").count();
    let text = format!("{} of {packages} packages change", changes.len() - unknown);
    if unknown == 0 { text } else { format!("{text}; {unknown} could not be evaluated, before or after") }
}

impl Side {
    /// Why the set that `path` is in cannot be looked into here.
    fn broken_around<'s>(&'s self, path: &[String]) -> Option<&'s Job> {
        self.jobs
            .values()
            .filter(|job| job.error.is_some())
            .find(|job| job.attr_path.len() < path.len() && path.starts_with(&job.attr_path))
    }

    /// Whether there is a package in the set at `path`.
    fn any_below(&self, path: &[String]) -> bool {
        self.jobs.values().any(|job| job.attr_path.len() > path.len() && job.attr_path.starts_with(path))
    }
}

/// What changes, and of how many packages.
fn compare(before: &Side, after: &Side) -> (Vec<Change>, usize) {
    let names: BTreeSet<&String> = before.jobs.keys().chain(after.jobs.keys()).collect();
    let mut packages = names.len();
    let mut causes = Causes::new(before.folder.path(), after.folder.path());
    let mut changes = Vec::new();
    for attr in names {
        let (mut old, mut new) = (before.jobs.get(attr), after.jobs.get(attr));
        // A set that cannot be looked into is not a package where the other side has packages in it; it is what is
        // wrong with each of them.
        let is_set = |job: Option<&Job>, other: &Side| {
            job.is_some_and(|job| job.error.is_some() && other.any_below(&job.attr_path))
        };
        if is_set(old, after) || is_set(new, before) {
            packages -= 1;
            continue;
        }
        if let (Some(job), None) = (old, new) {
            new = after.broken_around(&job.attr_path);
        } else if let (None, Some(job)) = (old, new) {
            old = before.broken_around(&job.attr_path);
        }
        let drv = |job: Option<&Job>| job.and_then(|job| job.drv_path.clone());
        let (old_drv, new_drv) = (drv(old), drv(new));
        let change = match (&old_drv, &new_drv) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "rebuilt",
            (None, Some(_)) if old.is_some() => "mended",
            (None, Some(_)) => "added",
            (Some(_), None) if new.is_some() => "broken",
            (Some(_), None) => "removed",
            (None, None) if new.is_none() => "removed",
            (None, None) => "unknown",
        };
        let mut reasons = match (&old_drv, &new_drv) {
            (Some(old), Some(new)) => causes.of(old, new),
            _ => Vec::new(),
        };
        if let Some(error) = new.and_then(|job| job.error.as_ref()) {
            let what = error.lines().next().unwrap_or_default().to_owned();
            reasons.push(Cause { by: Vec::new(), what });
        }
        changes.push(Change { attr: attr.clone(), change, before: old_drv, after: new_drv, reasons });
    }
    (changes, packages)
}
